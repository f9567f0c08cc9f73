"""What a form field means, a value that a person would enter there, and one that is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from runs.engine.events import FormField
from runs.engine.lexicon import FIELDS, Intent, asked_for, intents
from runs.engine.page.pattern_samples import accepts, sample
from runs.engine.page.postal_places import HOME, Place, place_named

_AUTOCOMPLETE = {
    "current-password": "password",
    "new-password": "password",
    "address-line1": "street-address",
    "address-line3": "address-line2",
    "address-level1": "region",
    "address-level2": "city",
    "country-name": "country",
    "bday": "birthday",
    "nickname": "username",
}
_TYPED = frozenset(
    [
        "email",
        "password",
        "tel",
        "url",
        "number",
        "range",
        "date",
        "time",
        "datetime-local",
        "month",
        "week",
        "color",
        "search",
        "checkbox",
        "radio",
        "file",
    ]
)
_DATED = {
    "date": "2030-06-15",
    "time": "10:30",
    "datetime-local": "2030-06-15T10:30",
    "month": "2030-06",
    "week": "2030-W24",
}
_TICKET = "{{random.digits(6)}}"
_GIVEN = ("Robin", "Alex", "Kim", "Sam", "Jules", "Noa")
_FAMILY = ("Berger", "Moreau", "Lindqvist", "Castell", "Novak", "Okafor")
_BLANK = re.compile(r"^\W*$|^-")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that a field must refuse, and how a person would put it."""

    value: str
    how: str


def meaning(field: FormField) -> str:
    """What a field asks for, as one word: email, given-name, quantity, select, … "text" when nothing says it."""
    if field.tag == "select":
        return "select"
    if field.type == "choice":
        return "choice"
    hint = _hinted(field)
    if hint:
        return hint
    if field.type in _TYPED:
        return _narrowed(field)
    found = _said(field)
    return found or ("message" if field.tag == "textarea" else "text")


def valid(field: FormField, random: Random, place: Place = HOME) -> str | None:
    """A plausible value with `{{random…}}` parts where a record may be created; None when none is known.

    For a select it is the option, for a checkbox or radio button "on"; what a choice offers is not known. Addresses
    are of the place; see `place_of`.
    """
    what = meaning(field)
    if what in ("select", "choice"):
        return _option(field)
    if what in ("checkbox", "radio"):
        return "on"
    if what in ("number", "range", "quantity", "rating"):
        return _number(field)
    if what in _DATED:
        return field.min or _capped(_DATED[what], field.max)
    if field.pattern:
        return _fitting(field, what, random, place)
    value = _plain(what, random, place)
    return None if value is None else _fitted(value, field)


def unchosen(field: FormField) -> bool:
    """Whether a choice still shows what asks for one."""
    return field.type == "choice" and _asks_to_choose(field.value)


def _asks_to_choose(option: str) -> bool:
    return bool(_BLANK.search(option)) or Intent.CHOOSE in intents(option)


def place_of(fields: Iterable[FormField]) -> Place:
    """The address that a form is filled with: of the country that `valid` chooses there."""
    countries = (field for field in fields if field.tag == "select" and _asks_for_country(field))
    return next((place for field in countries if (place := place_named(_option(field) or ""))), HOME)


def wrong(field: FormField) -> Wrong | None:
    """A value that is there but does not fit, where the field says what fits."""
    what = meaning(field)
    if what in ("select", "choice", "checkbox", "radio", "file", "range", "color", "search"):
        return None
    if field.pattern and accepts(field.pattern, "?!") is False:
        return Wrong("?!", "in the wrong format")
    if field.type == "number":
        return _out_of_bounds(field)
    if what == "email":
        return Wrong("not-an-email", "that is no email address")
    if what == "url" and field.type == "url":
        return Wrong("not a link", "that is no address of a page")
    return None


def _option(field: FormField) -> str | None:
    """More than a placeholder; of countries one whose addresses are known, best the one that is shown."""
    real = [option for option in field.options if not _asks_to_choose(option)]
    if _asks_for_country(field):
        real.sort(key=lambda option: (place_named(option) is None, option != field.value))
    return next(iter(real), None)


def _asks_for_country(field: FormField) -> bool:
    return "country" in (_hinted(field), _said(field))


def _hinted(field: FormField) -> str:
    """What `autocomplete` says that the field is for, empty where it says nothing that is known."""
    # HTML lets a section, shipping or billing, and home or work stand before the name of the field, webauthn behind it.
    words = [word for word in field.autocomplete.lower().split() if word != "webauthn"]
    known = words[-1] if words else ""
    return _AUTOCOMPLETE.get(known, known) if known in _AUTOCOMPLETE or known in FIELDS else ""


def _said(field: FormField) -> str:
    """What the words about a field say that it is for."""
    return asked_for(" . ".join((field.label, field.caption, field.placeholder, field.name, field.id)))


def _narrowed(field: FormField) -> str:
    if field.type == "date":
        return "birthday" if asked_for(f"{field.label} . {field.name}") == "birthday" else "date"
    return field.type


def _number(field: FormField) -> str:
    low, high, step = as_number(field.min), as_number(field.max), as_number(field.step) or 1.0
    value = low if low is not None else (1.0 if high is None or high >= 1 else high)
    if value == 0 and (high is None or high >= step):
        value = step
    return written(value)


def _out_of_bounds(field: FormField) -> Wrong | None:
    low, high = as_number(field.min), as_number(field.max)
    if high is not None:
        return Wrong(written(high + 1), f"above {written(high)}")
    if low is not None:
        return Wrong(written(low - 1), f"below {written(low)}")
    return None


def as_number(text: str) -> float | None:
    """The number of a bound; None where it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def written(value: float) -> str:
    """As a person would type it."""
    return str(int(value)) if value == int(value) else str(value)


def _capped(value: str, high: str) -> str:
    # Dates and times as HTML writes them are in order as texts.
    return min(value, high) if high else value


def _fitting(field: FormField, what: str, random: Random, place: Place) -> str | None:
    plain = _plain(what, random, place)
    trial = "" if plain is None else plain.replace(_TICKET, "123456")
    if plain is not None and accepts(field.pattern, trial) and len(trial) <= (field.max_length or 10_000):
        return plain
    value = sample(field.pattern, random)
    return value if value is not None and len(value) <= (field.max_length or 10_000) else None


def _plain(what: str, random: Random, place: Place) -> str | None:
    make = _MAKERS.get(what)
    return make(random) if make else place.get(what)


_MAKERS: dict[str, Callable[[Random], str]] = {
    # example.com is reserved (RFC 2606): what an application sends there reaches nobody.
    "email": lambda random: f"sentri-{_TICKET}@example.com",
    "password": lambda random: f"Sentri-{_TICKET}-x",
    "url": lambda random: f"https://example.com/{_TICKET}",
    "given-name": lambda random: random.choice(_GIVEN),
    "family-name": lambda random: random.choice(_FAMILY),
    "name": lambda random: f"{random.choice(_GIVEN)} {random.choice(_FAMILY)}",
    "username": lambda random: f"sentri{_TICKET}",
    "organization": lambda random: "Example Works",
    "street-address": lambda random: "12 Harbour Street",
    "address-line2": lambda random: "Floor 2",
    "birthday": lambda random: "1990-05-17",
    "subject": lambda random: f"Question {_TICKET}",
    "message": lambda random: f"A test message from Sentri, number {_TICKET}.",
    "text": lambda random: f"Sentri {_TICKET}",
    "search": lambda random: "test",
    "color": lambda random: "#336699",
}


def _fitted(value: str, field: FormField) -> str:
    """Long enough and short enough; text fields carry their minimal length as `min`."""
    shortest = int(field.min) if field.min.isdecimal() else 0
    while len(value) < shortest <= 2_000:
        value += " and a few more words"
    return _short(value, field.max_length)


def _short(value: str, longest: int | None) -> str:
    """Cut to the field's maximum; the generated number (6 digits when it is filled in) goes first."""
    if longest is None or longest <= 0 or len(value.replace(_TICKET, "123456")) <= longest:
        return value
    return value.replace(f" {_TICKET}", "").replace(_TICKET, "")[:longest]
