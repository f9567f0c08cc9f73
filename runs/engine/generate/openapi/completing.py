"""What a description leaves open about an answer, filled in with what was seen. Pure."""

from __future__ import annotations

from typing import Any


def completed(documented: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    """A described schema with what a promise (see `traffic.promise`) knows in addition.

    A description that says nothing of what an answer holds is replaced. Where it names properties of an object and none
    of them as required, those are required that were there.
    """
    if says_nothing(documented):
        return seen or documented
    known = documented.get("properties")
    found = dict(documented)
    if isinstance(known, dict):
        parts = seen.get("properties", {})
        found["properties"] = {name: _part(schema, parts.get(name)) for name, schema in known.items()}
        there = [name for name in seen.get("required", ()) if name in known]
        if there and "required" not in documented:
            found["required"] = there
    if "items" in documented:
        found["items"] = _part(documented["items"], seen.get("items"))
    return found


def _part(documented: Any, seen: Any) -> Any:
    """Of a part that is described as anything, anything may come."""
    return completed(documented, seen) if isinstance(documented, dict) and documented and seen else documented


def says_nothing(schema: Any) -> bool:
    """Whether a schema leaves open what an answer holds: at most that it is some object or some list."""
    if not isinstance(schema, dict):
        return True
    telling = set(schema) - {"type", "items", "additionalProperties"}
    kind = schema.get("type") in (None, "object", "array")
    return (
        kind and not telling and says_nothing(schema.get("items")) and says_nothing(schema.get("additionalProperties"))
    )
