"""JSON Schema as it is applied to what strangers answered: linear patterns, and a bounded number of comparisons. Pure.

The keywords of `jsonschema` that match with Python's expressions or compare each entry with each other are put in ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.validators import extend

from runs.engine.patterns import Unsupported, checked, found

MOST_WORK = 300_000
# Keywords that put schemas together: a chain of them can ask for the same part without end.
_COMPOSING = frozenset({"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas", "contains"})
Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]
# The keywords of `jsonschema` are plain functions, with no place of their own where they could count.
_left: ContextVar[list[int]] = ContextVar("what is left of the work")


class TooManyComparisons(Exception):
    """Applying the schema takes more comparisons than are made; the message is a part of a sentence."""


def check(schema: dict[str, Any]) -> None:
    """Raises `ValueError` for what is no JSON Schema, and for patterns that are not supported."""
    try:
        Draft202012Validator.check_schema(schema, format_checker=_FORMATS)
    except SchemaError as error:
        if isinstance(error.cause, Unsupported):
            raise error.cause from None
        raise ValueError(f"this is no JSON Schema: {' '.join(error.message.split())[:150]}") from error


def least_fitting(document: Any, schema: Mapping[str, Any]) -> ValidationError | None:
    """What fits the schema least, or None. Raises `TooManyComparisons`, `Unsupported`, what references raise."""
    token = _left.set([MOST_WORK])
    try:
        return best_match(_Validator(schema).iter_errors(document))
    finally:
        _left.reset(token)


def _spend(work: int) -> None:
    left = _left.get()
    left[0] -= work
    if left[0] < 0:
        raise TooManyComparisons(f"it takes more than {MOST_WORK:,} comparisons")


def _counted(name: str, keyword: Keyword) -> Keyword:
    work = 10 if name in _COMPOSING else 1

    def apply(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        _spend(work)
        yield from keyword(validator, value, instance, schema) or ()

    return apply


def _pattern(validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not found(pattern, instance):
        yield ValidationError("it does not match the pattern")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "object"):
        _spend(len(patterns) * len(instance))
        for pattern, part in patterns.items():
            for name, value in instance.items():
                if found(pattern, name):
                    yield from validator.descend(value, part, path=name, schema_path=pattern)


def _additional(validator: Any, further: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The original, which knows no patterns any more: what they match is taken out before."""
    if validator.is_type(instance, "object") and schema.get("patternProperties"):
        _spend(len(schema["patternProperties"]) * len(instance))
        patterns = schema["patternProperties"]
        instance = {
            name: value for name, value in instance.items() if not any(found(pattern, name) for pattern in patterns)
        }
        schema = {name: value for name, value in schema.items() if name != "patternProperties"}
    yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, further, instance, schema)


def _unique(validator: Any, unique: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if unique and validator.is_type(instance, "array") and len({_key(entry) for entry in instance}) < len(instance):
        yield ValidationError("it has non-unique elements")


def _key(value: Any) -> Any:
    """Equal for values that are equal in JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, list):
        return ("list", tuple(map(_key, value)))
    if isinstance(value, dict):
        return ("object", frozenset((name, _key(part)) for name, part in value.items()))
    return (isinstance(value, bool), value)


_OURS: dict[str, Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "uniqueItems": _unique,
}
_Validator = extend(
    Draft202012Validator,
    {name: _counted(name, keyword) for name, keyword in {**Draft202012Validator.VALIDATORS, **_OURS}.items()},
)
# The schema of schemas calls patterns of the format `regex`, which `jsonschema` tries with Python's expressions.
_FORMATS = FormatChecker(formats=())


def _is_supported(value: object) -> bool:
    return not isinstance(value, str) or checked(value) == value


_FORMATS.checks("regex", raises=Unsupported)(_is_supported)
