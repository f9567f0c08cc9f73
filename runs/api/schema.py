"""Test documents in the OpenAPI document: every step with its fields, as the engine reads them."""

from __future__ import annotations

from typing import Any

from runs.engine.steps import STEPS
from runs.engine.steps.document import document_schema

OURS = {kind.__name__: f"{kind.__name__}Step" for kind in STEPS.values()}
# Bodies and serializers hold documents as plain dicts, so the generator does not know what is in them.
WHERE = {
    "NewTest": "document",
    "PatchedTestEdit": "document",
    "TestDetailOut": "document",
    "VersionOut": "document",
}


def add_documents(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing: the parts of a test document as components, and a reference wherever one comes in or goes out."""
    schemas = result["components"]["schemas"]
    whole = document_schema()
    for name, part in whole.pop("$defs").items():
        schemas[OURS.get(name, name)] = _referring(part)
    schemas["TestDocument"] = _referring(whole) | {"title": "TestDocument"}
    for component, field in WHERE.items():
        properties = schemas[component]["properties"]
        properties[field] = {"$ref": "#/components/schemas/TestDocument"}
    return result


def _referring(value: Any) -> Any:
    """The same with references to components in place of `$defs`."""
    if isinstance(value, dict):
        return {name: _referring(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_referring(part) for part in value]
    if isinstance(value, str) and value.startswith("#/$defs/"):
        name = value.removeprefix("#/$defs/")
        return f"#/components/schemas/{OURS.get(name, name)}"
    return value
