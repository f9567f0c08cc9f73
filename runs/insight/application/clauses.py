"""What changed, in clauses: "field `left` became string". Each function gives what to remember from now on as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runs.engine.traffic import Schema, merge
from runs.insight.application.form import named

MOST = 12
Json = Mapping[str, Any]


def shape(known: Schema | None, seen: Schema | None, place: str = "") -> tuple[Schema | None, list[str]]:
    """The shape to remember, and how what was seen contradicts what was known.

    What was known is widened by what could have been there before: null beside a type, a field that is not always
    there. What is of another type now, or lost a field that was always there, is remembered as it is now.
    """
    if known is None or seen is None:
        return (known if seen is None else seen), []
    if not known or not seen:
        return {}, []
    before, now = _types(known), _types(seen)
    if before and now and not _kin(before, now):
        return seen, [f"{_field(place)} became {_said(now)}"]
    merged, words = merge(known, seen), []
    if "properties" in known and "properties" in seen:
        words += _fields(merged, known, seen, place)
    if "items" in known and "items" in seen:
        items, said = shape(known["items"], seen["items"], f"{place}[]")
        merged["items"] = items
        words += said
    return merged, words[:MOST]


def _fields(merged: Schema, known: Schema, seen: Schema, place: str) -> list[str]:
    words: list[str] = []
    before, now = known["properties"], seen["properties"]
    # Names in a table are data, such as ids: a name more or less makes no other shape.
    table = "additionalProperties" in known or "additionalProperties" in seen
    for name in [*before, *(name for name in now if name not in before)]:
        inner = f"{place}.{name}" if place else name
        if name in before and name in now:
            merged["properties"][name], said = shape(before[name], now[name], inner)
            words += said
        elif name in now and not table:
            words.append(f"{_field(inner)} is new")
        elif name in known["required"] and not table:
            del merged["properties"][name]
            words.append(f"{_field(inner)} is gone")
    return words


def _types(schema: Schema) -> frozenset[str]:
    types = schema["type"]
    return frozenset([types] if isinstance(types, str) else types) - {"null"}


def _kin(before: frozenset[str], now: frozenset[str]) -> bool:
    # A price that is a whole number today is 14.5 tomorrow (decision 27).
    numbers = frozenset({"integer", "number"})
    return bool(before & now) or bool(before & numbers and now & numbers)


def _said(types: frozenset[str]) -> str:
    return " or ".join(sorted(types))


def _field(place: str) -> str:
    return f"field `{place}`" if place else "it"


def fields(known: Sequence[Json], seen: Sequence[Json], *, complete: bool) -> tuple[list[Json], list[str]]:
    """The same for the fields of a form. Without `complete`, fields that were not seen are kept."""
    before = {named(field): field for field in known}
    now = {named(field): field for field in seen}
    words = [f"field {_label(now[name])} is new" for name in now if name not in before]
    words += [change for name in now if name in before for change in _field_changes(before[name], now[name])]
    gone = [name for name in before if name not in now]
    if not complete:
        return [*now.values(), *(before[name] for name in gone)], words[:MOST]
    return list(now.values()), [*words, *(f"field {_label(before[name])} is gone" for name in gone)][:MOST]


def _field_changes(before: Json, now: Json) -> list[str]:
    words = []
    if before["type"] != now["type"]:
        words.append(f"field {_label(now)} became {now['type']}")
    if before["required"] != now["required"]:
        words.append(f"field {_label(now)} is {'required now' if now['required'] else 'required no more'}")
    return words


def _label(field: Json) -> str:
    return str(field["label"] or field["name"] or field["type"])


def statuses(known: Sequence[int], seen: Sequence[int]) -> list[str]:
    """Whether a call that went well goes wrong now, or the other way round."""
    went, goes = any(status < 400 for status in known), any(status < 400 for status in seen)
    if known and seen and went != goes:
        return [f"it answers {seen[0]} now, and answered {known[0]} before"]
    return []
