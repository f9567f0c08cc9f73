"""JSON Schemas of answers: which are taken, whether an answer fits, what does not, and how they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from jsonschema.exceptions import ValidationError
from pydantic import AfterValidator
from referencing.exceptions import Unresolvable

from runs.engine.patterns import Unsupported
from runs.engine.steps.base import StepFailed, one_line
from runs.engine.steps.jsonpath import spelled
from runs.engine.steps.validating import TooManyComparisons, check, least_fitting
from runs.engine.traffic import is_secret, json_type

Schema = Mapping[str, Any]

KINDS = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
    "null": "null",
}
WITH_ARTICLE = KINDS | {"number": "a number", "integer": "a whole number", "array": "a list", "object": "an object"}
ALTERNATIVES = ("anyOf", "oneOf")
DEEPEST = 60
MOST_NAMES = 6
MOST_WITHIN = 4
OF_NAMES = frozenset({"additionalProperties", "unevaluatedProperties", "dependentRequired"})


def _is_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that stands for itself: nothing is fetched to understand it."""
    # Depth is looked at first, for `check` calls itself at each level.
    entries = list(_entries_of(schema))
    check(schema)
    if any(name in ("$ref", "$dynamicRef") and not str(part).startswith("#") for name, part in entries):
        raise ValueError("a JSON Schema here may only refer to its own parts, with # at the beginning")
    # `jsonschema` matches the names for these two together with Python's expressions (decision 28).
    if {"patternProperties", "unevaluatedProperties"} <= {name for name, _ in entries}:
        raise ValueError("unevaluatedProperties beside patternProperties is not supported; use additionalProperties")
    return schema


JsonSchema = Annotated[dict[str, Any], AfterValidator(_is_schema)]


def _entries_of(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names and what stands there, at all depths. Raises `ValueError` beyond 60 of them."""
    level: list[Any] = [schema]
    for _ in range(DEEPEST):
        yield from (entry for part in level if isinstance(part, dict) for entry in part.items())
        inner = [part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list)]
        level = [value for values in inner for value in values]
        if not level:
            return
    raise ValueError(f"a JSON Schema here is nested {DEEPEST} deep at most")


# --- whether an answer fits ---


def fits(document: Any, schema: Schema) -> None:
    """Raises `StepFailed` at the place that fits the schema least; of what stands there only the type is said."""
    try:
        error = least_fitting(document, schema)
    except (RecursionError, Unresolvable, Unsupported, TooManyComparisons) as problem:
        raise StepFailed("document", f"The JSON Schema cannot be applied: {one_line(str(problem), 120)}") from problem
    if error is not None:
        expected, received = _misfit(error)
        place = one_line(spelled(list(error.absolute_path)), 120) if error.absolute_path else "the answer"
        message = f"Expected {place} to {expected}, but {received}"
        raise StepFailed("expectation", message, expected=expected, received=received)


def _misfit(error: ValidationError) -> tuple[str, str]:
    """What was expected and what is there, in words that follow "to" and "but"."""
    keyword, there = str(error.validator), error.instance
    found = WITH_ARTICLE[json_type(there)]
    if error.validator is None:  # the schema `false`, of which jsonschema does not say the place
        return "fit its JSON Schema", f"there is {found} where nothing may be"
    if keyword == "required":
        lacking = [name for name in error.validator_value if name not in there]
        return (
            f"have {listing([f'“{one_line(name, 60)}”' for name in lacking], MOST_NAMES)}",
            "there is no such property",
        )
    types = _types(error.schema) if keyword in ("type", *ALTERNATIVES) and isinstance(error.schema, dict) else []
    if types and json_type(there) not in types and not (json_type(there) == "integer" and "number" in types):
        return f"be {' or '.join(WITH_ARTICLE[type_name] for type_name in types)}", f"it is {found}"
    # Messages of these keywords have names of properties alone; others quote values, which may be personal.
    if keyword in OF_NAMES:
        return "fit its JSON Schema", one_line(f"{error.message[:1].lower()}{error.message[1:]}", 160)
    secret = any(is_secret(str(part)) for part in error.absolute_path)
    said = found if secret or isinstance(there, dict | list) else one_line(repr(there), 80)
    return f"fit {keyword} of its JSON Schema", f"it is {said}"


# --- how a schema reads ---


def described(schema: Schema) -> str:
    """What an answer that fits does, in a few words: `has name (text), price (number)`, `is a list`."""
    names = _fields(schema, MOST_NAMES, within=True)
    if names:
        return f"has {names}"
    types = _types(schema)
    kind = " or ".join(WITH_ARTICLE[type_name] for type_name in types)
    entries = _entries(schema) if "array" in types else ""
    return f"is {kind}{entries}" if kind else "fits a JSON Schema"


def _fields(schema: Schema, most: int, *, within: bool) -> str:
    """Names of properties with their types; those that must be there, or where none must all."""
    parts = list(_parts(schema))
    properties: dict[str, Any] = {}
    required: set[str] = set()
    for part in parts:
        properties |= part.get("properties") or {}
        required |= set(part.get("required") or ())
    properties |= {name: {} for name in sorted(required - properties.keys())}
    said = [name for name in properties if name in required] or list(properties)
    return listing([_field(name, properties[name], within=within) for name in said], most)


def _field(name: str, schema: Any, *, within: bool) -> str:
    types = _types(schema) if isinstance(schema, dict) else []
    kind = " or ".join(KINDS[type_name] for type_name in types)
    entries = _entries(schema) if within and "array" in types else ""
    return one_line(name, 40) + (f" ({kind}{entries})" if kind else "")


def _entries(schema: Schema) -> str:
    of_items = [part["items"] for part in _parts(schema) if isinstance(part.get("items"), dict)]
    names = _fields(of_items[0], MOST_WITHIN, within=False) if of_items else ""
    return f", each with {names}" if names else ""


def _parts(schema: Schema) -> Iterator[Schema]:
    """The schema and what it is made of; of alternatives the one that is not null, if there is only one."""
    yield schema
    for part in schema.get("allOf") or ():
        if isinstance(part, dict):
            yield from _parts(part)
    for name in ALTERNATIVES:
        real = [part for part in schema.get(name) or () if isinstance(part, dict) and part.get("type") != "null"]
        if len(real) == 1:
            yield from _parts(real[0])


def _types(schema: Schema) -> list[str]:
    """The types that a schema allows, as far as it names them; none where it names none."""
    given = schema.get("type")
    if given is not None:
        return [given] if isinstance(given, str) else list(given)
    if "properties" in schema or "required" in schema:
        return ["object"]
    for name in ALTERNATIVES:
        branches = [_types(part) if isinstance(part, dict) else [] for part in schema.get(name) or ()]
        if branches and all(branches):
            return list(dict.fromkeys(type_name for branch in branches for type_name in branch))
    inherited = [_types(part) for part in schema.get("allOf") or () if isinstance(part, dict)]
    return next((types for types in inherited if types), [])


def listing(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """`a`, `a and b`, `a, b and 3 more`."""
    shown = list(names[:most])
    rest = len(names) - len(shown)
    last = f"{rest} more" if rest else shown.pop() if len(shown) > 1 else ""
    return f"{', '.join(shown)} and {last}" if last else ", ".join(shown)
