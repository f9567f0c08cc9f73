"""Addresses that hold together, by country: the table of places.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

# By what a field asks for: country, city, region, postal-code, tel.
Place = Mapping[str, str]

_TABLES: dict[str, dict[str, Any]] = tomllib.loads(
    files(__package__).joinpath("places.toml").read_text(encoding="utf-8")
)
PLACES: dict[str, Place] = {country: {"country": country, **place} for country, place in _TABLES.items()}
HOME: Place = next(iter(PLACES.values()))
_BY_NAME = {name.strip(): place for place in PLACES.values() for name in place["names"].split("|")}


def place_named(country: str) -> Place | None:
    """The place in a country, by its name or code as lists of countries write it: "Germany", "Germany (+49)", "DE"."""
    name = " ".join(country.lower().split())
    return _BY_NAME.get(name) or _BY_NAME.get(name.partition("(")[0].strip())
