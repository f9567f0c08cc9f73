"""What pydantic found wrong, by field and in plain words."""

from __future__ import annotations

from collections import defaultdict

from pydantic import ValidationError
from pydantic_core import ErrorDetails

WORDS = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such field here.",
    "string_type": "Write a text.",
    "string_too_short": "Write at least {min_length} characters.",
    "string_too_long": "Write at most {max_length} characters.",
    "int_type": "Write a whole number.",
    "int_parsing": "Write a whole number.",
    "int_parsing_size": "This number is too large.",
    "int_from_float": "Write a whole number.",
    "float_type": "Write a number.",
    "float_parsing": "Write a number.",
    "finite_number": "Write a finite number.",
    "bool_type": "Write true or false.",
    "bool_parsing": "Write true or false.",
    "dict_type": "Write an object.",
    "model_type": "Write an object.",
    "model_attributes_type": "Write an object.",
    "list_type": "Write a list.",
    "tuple_type": "Write a list.",
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}.",
    "greater_than": "Must be more than {gt}.",
    "greater_than_equal": "Must be {ge} or more.",
    "less_than": "Must be less than {lt}.",
    "less_than_equal": "Must be {le} or less.",
    "literal_error": "Must be {expected}.",
    "enum": "Must be {expected}.",
    "datetime_type": "Write a time such as 2030-01-31T08:30:00Z.",
    "datetime_parsing": "Write a time such as 2030-01-31T08:30:00Z.",
    "datetime_from_date_parsing": "Write a time such as 2030-01-31T08:30:00Z.",
    "timezone_aware": "Write the time's zone, such as Z at its end.",
    "value_error": "{error}",
}


def by_field(error: ValidationError) -> dict[str, list[str]]:
    """{"geolocation.latitude": ["Must be 90 or less."]}; what concerns the whole body stands under "body"."""
    found: dict[str, list[str]] = defaultdict(list)
    parts = error.errors(include_url=False, include_input=False)
    for part in parts:
        if part["type"] == "too_short" and _spoilt(part, parts):
            continue
        found[place(*part["loc"]) or "body"].append(_sentence(part))
    return dict(found)


def _spoilt(short: ErrorDetails, parts: list[ErrorDetails]) -> bool:
    """Whether a list is only too short because something in it is wrong, which is said already."""
    return any(part["loc"][: len(short["loc"])] == short["loc"] for part in parts if part is not short)


def place(*steps: str | int) -> str:
    """Where something stands, as a reader writes it: steps[2].target.name."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _sentence(part: ErrorDetails) -> str:
    words = WORDS.get(part["type"])
    return words.format(**part.get("ctx", {})) if words else f"{part['msg']}."
