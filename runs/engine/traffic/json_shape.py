"""Shapes of JSON: inferred from samples, widened by more of them.

A shape is a JSON Schema (draft 2020-12) in one normal form: all types that were seen stand in `type`, and each keyword
is about the one type that it belongs to, so nothing needs `anyOf`. `{}` is anything. Merging is the least upper bound:
commutative, associative and idempotent, so it does not matter in which order a crawl saw things.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from runs.engine.traffic.secrecy import is_personal, is_secret

Schema = dict[str, Any]

# Shapes are stored with pages and merged by crawls: what lies beyond these bounds may be anything.
DEEPEST = 12
MOST_KEYS = 80
MOST_ITEMS = 2_000
MOST_NODES = 800
ENUM_VALUES = 6
_NAME = re.compile(r"(?!\d)[\w$@:.-]{1,60}")
_DATA = re.compile(r"[0-9a-f-]{8,}|.*\d{3,}.*|.+@.*", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]{1,16}([_-][A-Za-z]{1,12}){0,2}")
_FORMATS = {
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"),
    "date": re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"),
    "uuid": re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"),
    "email": re.compile(r"[\w.+%-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"),
    "uri": re.compile(r"https?://[A-Za-z0-9.:-]+(/[^\s\"<>\\^`{|}]*)?"),
}


def infer(value: Any) -> Schema:
    """The shape of one document. Entries of a list share one shape."""
    return _Inference().shape_of([value], "", 0)


class _Inference:
    """One document on its way to a shape: all values at one place are looked at together."""

    def __init__(self) -> None:
        self._nodes = 0

    def shape_of(self, values: Sequence[Any], name: str, depth: int) -> Schema:
        self._nodes += 1
        if depth > DEEPEST or self._nodes > MOST_NODES or not values:
            return {}
        by_type: dict[str, list[Any]] = defaultdict(list)
        for value in values:
            by_type[json_type(value)].append(value)
        found: Schema = {"type": _types(by_type)}
        if "string" in by_type:
            found |= _text(by_type["string"], name, plain=by_type.keys() <= {"string", "null"})
        if "object" in by_type:
            found |= self._object(by_type["object"], depth)
        if "array" in by_type:
            entries = [entry for value in by_type["array"] for entry in value[:MOST_ITEMS]]
            found |= {"items": self.shape_of(entries, name, depth + 1)} if entries else {}
        return _with_null(found)

    def _object(self, objects: Sequence[Mapping[str, Any]], depth: int) -> Schema:
        by_key: dict[str, list[Any]] = defaultdict(list)
        data: list[Any] = []
        for mapping in objects:
            for key, value in mapping.items():
                (by_key[key] if is_field(key) else data).append(value)
        properties = {
            key: {} if is_secret(key) else self.shape_of(by_key[key], key, depth + 1)
            for key in sorted(by_key)[:MOST_KEYS]
        }
        found: Schema = {
            "properties": properties,
            "required": [key for key in properties if len(by_key[key]) == len(objects)],
        }
        if len(by_key) > MOST_KEYS:
            found["additionalProperties"] = {}
        elif data:
            found["additionalProperties"] = self.shape_of(data, "", depth + 1)
        return found


def merge(first: Schema, other: Schema) -> Schema:
    """The narrowest shape in normal form that allows what either of them allows."""
    if not first or not other:
        return {}
    found: Schema = {"type": _types({*listed(first), *listed(other)})}
    for name, join in _JOINS.items():
        having = [shape for shape in (first, other) if name in listed(shape)]
        if having:
            found |= join(having[0], having[-1])
    if not set(listed(found)) <= {"string", "null"}:
        found.pop("enum", None)
    return _with_null(found)


def _join_text(first: Schema, other: Schema) -> Schema:
    found: Schema = (
        {"format": first["format"]} if first.get("format") == other.get("format") and "format" in first else {}
    )
    if "enum" in first and "enum" in other:
        values = {*first["enum"], *other["enum"]} - {None}
        found |= {"enum": sorted(values)} if len(values) <= ENUM_VALUES else {}
    return found


def _join_object(first: Schema, other: Schema) -> Schema:
    mine, theirs = first.get("properties", {}), other.get("properties", {})
    keys = sorted({*mine, *theirs})
    properties = {
        key: merge(mine[key], theirs[key]) if key in mine and key in theirs else mine.get(key, theirs.get(key))
        for key in keys[:MOST_KEYS]
    }
    required = {*first.get("required", ())} & {*other.get("required", ())}
    found: Schema = {"properties": properties, "required": [key for key in properties if key in required]}
    further = [shape["additionalProperties"] for shape in (first, other) if "additionalProperties" in shape]
    if len(keys) > MOST_KEYS:
        found["additionalProperties"] = {}
    elif further:
        found["additionalProperties"] = merge(further[0], further[-1])
    return found


def _join_array(first: Schema, other: Schema) -> Schema:
    known = [shape["items"] for shape in (first, other) if "items" in shape]
    return {"items": merge(known[0], known[-1])} if known else {}


_JOINS: dict[str, Callable[[Schema, Schema], Schema]] = {
    "string": _join_text,
    "object": _join_object,
    "array": _join_array,
}


_TYPES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def _types(found: Iterable[str]) -> str | list[str]:
    types = set(found)
    # JSON Schema counts whole numbers among the numbers.
    if "number" in types:
        types.discard("integer")
    return sorted(types) if len(types) > 1 else types.pop()


def json_type(value: Any) -> str:
    """The type of a value as `json` reads it, in the words of JSON Schema."""
    # By the exact type, for a bool is an int to isinstance.
    return _TYPES[type(value)]


def listed(shape: Schema) -> list[str]:
    """The types of a shape that is not `{}`."""
    types = shape["type"]
    return [types] if isinstance(types, str) else types


def _text(values: Sequence[str], name: str, *, plain: bool) -> Schema:
    for format_, pattern in _FORMATS.items():
        if all(pattern.fullmatch(value) for value in values):
            return {"format": format_}
    distinct = set(values)
    # Words that come again are the application's own; a text that comes once may be somebody's data.
    few = len(distinct) <= ENUM_VALUES and len(values) >= max(4, 2 * len(distinct))
    if plain and few and not is_personal(name) and all(_WORD.fullmatch(value) for value in distinct):
        return {"enum": sorted(distinct)}
    return {}


def _with_null(shape: Schema) -> Schema:
    """`enum` speaks about values of every type, so null stands in it where it was seen."""
    if "enum" in shape and "null" in listed(shape):
        return shape | {"enum": [*(value for value in shape["enum"] if value is not None), None]}
    return shape


def is_field(key: str) -> bool:
    """Whether a key is the name of a field, and not an entry of a table: ids, addresses and dates are data."""
    return bool(_NAME.fullmatch(key)) and not _DATA.fullmatch(key)
