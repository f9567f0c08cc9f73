"""JSON bodies: what no database column could hold is refused here, once, for every endpoint."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, TypeVar

from django.conf import settings
from pydantic import BaseModel, ValidationError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from projects.api.error_sentences import by_field, place
from projects.api.problems import Invalid, TooLarge

M = TypeVar("M", bound=BaseModel)
DEEPEST = 40
MOST_DIGITS = 300


class JsonBody(BaseParser):
    """A JSON object. 400 where it is not JSON, 413 where it is too long, 422 where it is something else."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(f"A request body may have at most {limit // 1024} KiB.")
        return as_object(raw)


def as_object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw.decode("utf-8"), parse_int=_whole)
    except RecursionError as error:
        raise ParseError("The body is nested too deeply.", "malformed") from error
    except ValueError as error:
        raise ParseError(f"The body is not JSON: {error}", "malformed") from error
    if not isinstance(found, dict):
        raise Invalid({"body": "Write a JSON object."})
    for where, fault in faults(found):
        raise Invalid({where: fault})
    return found


def _whole(digits: str) -> int:
    """Python refuses to read longer ones, in words that speak of Python."""
    if len(digits) > MOST_DIGITS:
        raise ParseError(f"A number in the body has more than {MOST_DIGITS:,} digits.", "malformed")
    return int(digits)


def faults(value: Any, *where: str | int) -> Iterator[tuple[str, str]]:
    """What of a JSON value could not be stored: where it stands below `where`, and a sentence."""
    if len(where) > DEEPEST:
        yield str(where[0]), f"This is nested deeper than {DEEPEST} levels."
        return
    if fault := fault_of(value):
        yield place(*where), fault
    for key, inner in _inside(value):
        if fault := fault_of(key):
            yield place(*where) or "body", f"In a key: {fault}"
        else:
            yield from faults(inner, *where, key)


def _inside(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def fault_of(value: Any) -> str:
    """Why a text or a number cannot be stored, nothing where it can."""
    if isinstance(value, float):
        return "" if math.isfinite(value) else "Write a finite number."
    return _fault_of_text(value) if isinstance(value, str) else ""


def _fault_of_text(text: str) -> str:
    if "\0" in text:
        return "Null characters are not allowed."
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "Half of a surrogate pair is no text."
    return ""


def body(request: Request, model: type[M]) -> M:
    """The request's body as this value, nothing coerced: 5 is not "5", true is not 1. Raises Invalid."""
    return checked(model, dict(request.data))


def checked(model: type[M], values: Mapping[str, Any], under: str = "") -> M:
    """Values from JSON as this model. Raises Invalid, its fields named below `under`."""
    try:
        return model.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        found = by_field(error)
        raise Invalid({f"{under}{field}": texts for field, texts in found.items()}) from error


def query(request: Request, model: type[M]) -> M:
    """The request's query as this value. Unknown and repeated parameters are errors. Raises Invalid."""
    given = dict(request.query_params.lists())
    repeated = {name: "Give this once." for name, values in given.items() if len(values) > 1}
    broken = {name: fault_of(name + values[0]) for name, values in given.items() if fault_of(name + values[0])}
    if repeated or broken:
        raise Invalid(repeated | broken)
    try:
        return model.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        raise Invalid(by_field(error)) from error
