"""Values that fit a schema: its example, its first choice, or something plain of its type. Pure."""

from __future__ import annotations

from typing import Any

from runs.engine.foreign import is_small
from runs.engine.generate.openapi.references import followed

_DEEPEST = 4
_MOST_REQUIRED = 20
_TEXT = "Sentri {{random.digits(6)}}"
_FORMATS = {
    "date": "2030-06-15",
    "date-time": "2030-06-15T10:30:00Z",
    "email": "kim-{{random.digits(6)}}@example.com",
    "uuid": "{{uuid}}",
    "uri": "https://example.com/",
    "url": "https://example.com/",
}
NOTHING = object()


def sample(root: Any, schema: Any, depth: int = 0) -> Any:
    """A plausible value, `NOTHING` where none is known. Optional parts are left out."""
    found = followed(root, schema)
    for name in ("example", "default", "const"):
        if name in found:
            return found[name] if is_small(found[name]) else NOTHING
    for name in ("examples", "enum"):
        if isinstance(found.get(name), list) and found[name]:
            return found[name][0] if is_small(found[name][0]) else NOTHING
    for name in ("oneOf", "anyOf"):
        if isinstance(found.get(name), list) and found[name]:
            return sample(root, found[name][0], depth + 1) if depth < _DEEPEST else NOTHING
    return _of_type(root, found, depth)


def _of_type(root: Any, schema: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    kind = next((type_name for type_name in kind if type_name != "null"), None) if isinstance(kind, list) else kind
    if kind in ("integer", "number"):
        low = schema.get("minimum")
        return max(1, int(low)) if isinstance(low, int | float) and not isinstance(low, bool) else 1
    if kind == "boolean":
        return True
    if kind == "string":
        return _text(schema)
    if kind == "array":
        entry = sample(root, schema.get("items", {}), depth + 1) if depth < _DEEPEST else NOTHING
        return [entry] if schema.get("minItems") and entry is not NOTHING else []
    if kind == "object" or "properties" in schema or "allOf" in schema:
        return _object(root, schema, depth)
    return NOTHING


def _text(schema: dict[str, Any]) -> Any:
    if "pattern" in schema:
        return NOTHING
    value = _FORMATS.get(str(schema.get("format")), _TEXT)
    longest = schema.get("maxLength")
    # `Sentri 482913` has 13 characters.
    return "Sentri"[:longest] if isinstance(longest, int) and longest < 13 else value


def _object(root: Any, schema: dict[str, Any], depth: int) -> Any:
    if depth >= _DEEPEST:
        return NOTHING
    parts = [followed(root, part) for part in schema.get("allOf", ())] + [schema]
    properties: dict[str, Any] = {}
    required: list[str] = []
    for part in parts:
        properties |= part.get("properties") or {}
        required += part.get("required") or []
    value = {}
    # Objects that require objects grow by powers: the deeper they are, the fewer are made up.
    if len(set(required)) > _MOST_REQUIRED // (depth + 1):
        return NOTHING
    for name in dict.fromkeys(required):
        # OpenAPI: such a property belongs to answers alone, even where it is required.
        if followed(root, properties.get(name, {})).get("readOnly"):
            continue
        entry = sample(root, properties.get(name, {}), depth + 1)
        if entry is NOTHING:
            return NOTHING
        value[name] = entry
    return value
