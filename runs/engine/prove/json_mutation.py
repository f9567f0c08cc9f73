"""Answers in JSON that go wrong at one place: a property is missing, or a value is of another type. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from runs.engine.steps.json_schema import WITH_ARTICLE
from runs.engine.traffic import AnswerField, fields, infer, json_type, promise

_OTHERS = {
    "string": ("number", "array"),
    "number": ("string", "array"),
    "boolean": ("string", "number"),
    "array": ("object", "string"),
    "object": ("array", "string"),
}
_MADE: dict[str, Callable[[Any], Any]] = {
    "string": lambda value: value if isinstance(value, str) else json.dumps(value),
    "number": lambda _value: 0,
    "array": lambda _value: [],
    "object": lambda _value: {},
}


@dataclass(frozen=True)
class JsonMutation:
    """One place of an answer, and what goes wrong there. `type` is what its values become; without one it is missing.

    Where the place is within a list, all its entries go wrong alike.
    """

    what: str
    field: AnswerField
    type: str = ""

    def applied(self, document: Any) -> Any:
        """The document gone wrong; equal to the one given where there is nothing that could."""
        if self.type:
            return _at(document, self.field.path, self._retyped)
        return _at(document, self.field.path[:-1], self._without)

    def _retyped(self, value: Any) -> Any:
        return value if value is None or json_type(value) == self.type else _MADE[self.type](value)

    def _without(self, value: Any) -> Any:
        name = self.field.name
        return {key: part for key, part in value.items() if key != name} if isinstance(value, dict) else value


def missing(document: Any) -> list[JsonMutation]:
    """Each property that every object at its place has is left out, one of each type first."""
    found = [field for field in _fields(document) if field.path and field.required]
    return [JsonMutation(f"without “{field.name}”", field) for field in _mixed(found)]


def retyped(document: Any) -> list[JsonMutation]:
    """Each value of a known type is of another one, one of each type first."""
    return [mutation for field in _mixed(_fields(document)) for mutation in _of_another_type(field)]


def values(document: Any, path: tuple[str | None, ...]) -> list[Any]:
    """What stands at a place."""
    found: list[Any] = []
    _at(document, path, found.append)
    return found


def _fields(document: Any) -> list[AnswerField]:
    return list(fields(promise(infer(document))))


def _of_another_type(field: AnswerField) -> Iterator[JsonMutation]:
    known = [type_name for type_name in field.types if type_name != "null"]
    other = next((type_name for type_name in _OTHERS[known[0]] if type_name not in known), "") if known else ""
    if other:
        was, becomes = " or ".join(WITH_ARTICLE[type_name] for type_name in known), WITH_ARTICLE[other]
        yield JsonMutation(
            f"with {f'“{field.name}” as ' if field.path else ''}{becomes} instead of {was}", field, other
        )


def _mixed(found: list[AnswerField]) -> list[AnswerField]:
    """One of each type, then a second of each, and so on; what lies deeper first."""
    turns: dict[tuple[str, ...], int] = {}
    placed = []
    for field in found:
        turns[field.types] = turns.get(field.types, -1) + 1
        placed.append((turns[field.types], -len(field.path), field))
    return [field for *_, field in sorted(placed, key=lambda placing: placing[:2])]


def _at(value: Any, path: tuple[str | None, ...], change: Callable[[Any], Any]) -> Any:
    """The value with what stands at a path changed."""
    if not path:
        return change(value)
    head, rest = path[0], path[1:]
    if head is None:
        return [_at(entry, rest, change) for entry in value] if isinstance(value, list) else value
    if isinstance(value, dict) and head in value:
        return {**value, head: _at(value[head], rest, change)}
    return value
