"""Values at the edge of what a form field takes: just inside, just outside, blank, foreign, far too long. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from runs.engine.events import FormField
from runs.engine.page.filling import as_number, meaning, written

FAR_TOO_LONG = 5_000
FOREIGN = "Zoë Ångström 李小龍 Ωμέγα"
_FREE = frozenset({"", "text", "search", "textarea"})
_PLAIN = frozenset(
    {"text", "message", "name", "given-name", "family-name", "subject", "city", "organization", "username"}
)


@dataclass(frozen=True, slots=True)
class Edge:
    """A value, how a person would put it (a key of the titles), and whether the field says that it takes it.

    `takes` is None where the field does not say: what the application does with it is what is expected of it.
    """

    value: str
    how: str
    takes: bool | None


def edges(field: FormField) -> list[Edge]:
    """The edges that a field has, those that it speaks of itself first."""
    if field.tag == "select" or field.type in ("choice", "checkbox", "radio", "file", "password", "color", "range"):
        return []
    if field.type == "number":
        return list(_of_number(field))
    if field.type == "date":
        return list(_of_date(field))
    return list(_of_text(field))


def _of_number(field: FormField) -> Iterator[Edge]:
    step = as_number(field.step) or 1.0
    for bound, inside, outside, sign in ((field.min, "at_least", "below", -1), (field.max, "at_most", "above", 1)):
        value = as_number(bound)
        if value is not None:
            yield Edge(written(value), inside, True)
            yield Edge(written(value + sign * step), outside, False)


def _of_date(field: FormField) -> Iterator[Edge]:
    for bound, inside, outside, sign in ((field.min, "at_least", "below", -1), (field.max, "at_most", "above", 1)):
        try:
            day = date.fromisoformat(bound)
        except ValueError:
            continue
        yield Edge(day.isoformat(), inside, True)
        yield Edge((day + timedelta(days=sign)).isoformat(), outside, False)


def _of_text(field: FormField) -> Iterator[Edge]:
    free = (field.type in _FREE or field.tag == "textarea") and not field.pattern
    shortest = int(field.min) if field.min.isdecimal() else 0
    if free and field.max_length and field.max_length > 0:
        yield Edge(_filler(field.max_length), "at_most", True)
    if free and shortest > 1:
        yield Edge(_filler(shortest), "at_least", True)
        yield Edge(_filler(shortest - 1), "below", False)
    # Browsers take blanks for content, so that `required` lets them through to the application.
    if field.required and free:
        yield Edge("   ", "blank", False)
    if free and meaning(field) in _PLAIN and (not field.max_length or field.max_length >= len(FOREIGN)):
        yield Edge(FOREIGN, "foreign", True)
        if not field.max_length:
            yield Edge(_filler(FAR_TOO_LONG), "overlong", None)


def _filler(length: int) -> str:
    """Words of exactly this length: no blanks at the ends, where they may be cut off."""
    return ("Sentri edge " * (length // 12 + 1))[:length].strip().ljust(length, "x")
