"""The shape of JSON: a JSON Schema that the value fits and values like it, without any of its contents. Pure."""

from __future__ import annotations

import re
from typing import Any

_DEEPEST = 6
_KEYS = 60
_ENTRIES = 20
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}
_NAMES = frozenset({"boolean", "integer", "number", "string", "array", "object"})
_VARIABLE = re.compile(r"^\d+$|^[0-9a-f]{8,}$|^[0-9a-f]{8}-[0-9a-f-]{27}$|\d{3,}|@", re.IGNORECASE)

Shape = dict[str, Any]


def shape_of(value: Any, depth: int = 0) -> Shape:
    """Types, and of objects the keys that are there. What is null may be anything; ids as keys are no shape."""
    if value is None or depth >= _DEEPEST:
        return {}
    if isinstance(value, dict):
        return _of_object(value, depth)
    if isinstance(value, list):
        shapes = [shape_of(entry, depth + 1) for entry in value[:_ENTRIES]]
        return {"type": "array", **({"items": common(shapes)} if shapes else {})}
    return {"type": _TYPES.get(type(value), "string")}


def _of_object(value: dict[str, Any], depth: int) -> Shape:
    if len(value) > _KEYS or any(_VARIABLE.search(key) for key in value):
        return {"type": "object"}
    properties = {key: shape_of(entry, depth + 1) for key, entry in value.items()}
    return {"type": "object", "properties": properties, "required": sorted(value)} if value else {"type": "object"}


def common(shapes: list[Shape]) -> Shape:
    """The shape that all of these fit; keywords that shapes do not have are left out."""
    found = shapes[0]
    for shape in shapes[1:]:
        found = _both(found, shape)
    return found


def _both(one: Shape, other: Shape) -> Shape:
    kinds = {str(one.get("type")), str(other.get("type"))}
    if kinds == {"integer", "number"}:
        return {"type": "number"}
    if len(kinds) > 1 or not kinds <= _NAMES:
        return {}
    if one["type"] == "array":
        items = [shape["items"] for shape in (one, other) if "items" in shape]
        return {"type": "array", **({"items": common(items)} if items else {})}
    left, right = one.get("properties"), other.get("properties")
    if left is None or right is None:
        return {"type": one["type"]}
    properties = {key: _both(left[key], right[key]) for key in left if key in right}
    required = sorted(set(one.get("required", ())) & set(other.get("required", ())))
    return {"type": "object", "properties": properties, "required": required}
