"""What a test may expect of answers, from the shapes in which they were seen. Pure.

A shape says what was there; a promise leaves out what another day may show otherwise: words that repeated, formats that
happened to fit, and that numbers happened to be whole. Where only null or an empty list was seen, anything may come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runs.engine.traffic.json_shape import Schema, listed

DEEPEST = 6
MOST_FIELDS = 60


def promise(shape: Schema, depth: int = 0) -> Schema:
    """The part of a shape (see `schema`) that is steady. An object with very many fields is taken for a table."""
    types = {"number" if type_name == "integer" else type_name for type_name in listed(shape)} if shape else set()
    if depth >= DEEPEST or types <= {"null"}:
        return {}
    found: Schema = {"type": sorted(types) if len(types) > 1 else next(iter(types))}
    if "object" in types and len(shape.get("properties", ())) <= MOST_FIELDS:
        found |= _of_object(shape, depth)
    items = promise(shape["items"], depth + 1) if "items" in shape else {}
    return found | ({"items": items} if items else {})


def _of_object(shape: Schema, depth: int) -> Schema:
    properties = {name: promise(part, depth + 1) for name, part in shape.get("properties", {}).items()}
    if properties:
        return {"properties": properties, **({"required": shape["required"]} if shape.get("required") else {})}
    entries = promise(shape.get("additionalProperties", {}), depth + 1)
    return {"additionalProperties": entries} if entries else {}


@dataclass(frozen=True)
class AnswerField:
    """A place in an answer: names, and None for each entry of a list. `types` is empty where they may be any.

    `required`: every object in its place has it.
    """

    path: tuple[str | None, ...]
    types: tuple[str, ...] = ()
    required: bool = True

    @property
    def name(self) -> str:
        return self.path[-1] or "" if self.path else ""


def fields(promised: Schema, path: tuple[str | None, ...] = ()) -> Iterator[AnswerField]:
    """All places of a promise, the whole answer first."""
    yield AnswerField(path, _types(promised))
    yield from _within(promised, path)


def _within(promised: Schema, path: tuple[str | None, ...]) -> Iterator[AnswerField]:
    required = promised.get("required", ())
    for name, part in promised.get("properties", {}).items():
        yield AnswerField((*path, name), _types(part), name in required)
        yield from _within(part, (*path, name))
    if "items" in promised:
        yield from _within(promised["items"], (*path, None))


def _types(promised: Any) -> tuple[str, ...]:
    return tuple(listed(promised)) if promised else ()
