"""How endpoints describe themselves in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from pydantic import BaseModel
from rest_framework import serializers

from projects.api.problems import CONTENT_TYPE

BY_DEFAULT: dict[Any, dict[str, Any]] = {
    dict: {"type": "object", "additionalProperties": {}},
    list: {"type": "array", "items": {}},
}
ANYTHING_OR_NULL = [{}, {"type": "null"}]
F = TypeVar("F", bound=Callable[..., Any])


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "projects.api.authentication.BearerToken"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A personal or a project token."}


class JsonColumn(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A column of JSON is an object or a list where its default is one, else any value."""

    target_class = "rest_framework.serializers.JSONField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        try:
            column = self.target.parent.Meta.model._meta.get_field(self.target.source)
        except (AttributeError, FieldDoesNotExist):
            return {}
        return dict(BY_DEFAULT.get(column.default, {}))


class Described(AutoSchema):
    """Operations are named after their view: getRunList, postApprove."""

    def get_operation_id(self) -> str:
        return f"{self.method.lower()}{type(self.view).__name__}"


def listed(query: type[BaseModel], row: Any) -> Callable[[F], F]:
    """A list: its query parameters and its page of rows."""
    return extend_schema(parameters=parameters(query), responses={200: _page_of(row)})


@cache
def _page_of(row: Any) -> Any:
    fields = {
        "results": row(many=True),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
    }
    return inline_serializer(f"PageOf{row.__name__}", fields)


def single(row: type[serializers.BaseSerializer[Any]]) -> Callable[[F], F]:
    return extend_schema(responses={200: row})


def parameters(query: type[BaseModel]) -> list[OpenApiParameter]:
    """The fields of a query value as parameters."""
    return [
        OpenApiParameter(name, _schema(said), description=said.get("description", ""))
        for name, said in query.model_json_schema()["properties"].items()
    ]


def _schema(said: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in said.items() if name not in ("title", "description", "default")}
    ways = [way for way in kept.pop("anyOf", []) if way != {"type": "null"}]
    return kept | (ways[0] if len(ways) == 1 else {"anyOf": ways} if ways else {})


PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}
ERRORS = {
    "400": "malformed",
    "401": "no valid token or session",
    "403": "role or scope too low",
    "404": "nothing there that you may see",
    "406": "no such representation",
    "409": "the state of things forbids it",
    "412": "changed since it was read",
    "413": "body too large",
    "415": "bodies are application/json",
    "422": "understood but not valid",
    "429": "too many requests",
}
WRITES = {"post", "patch", "delete"}
NEEDS = {"409": WRITES, "412": WRITES, "413": {"post", "patch"}, "415": {"post", "patch"}}


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing: every operation's problems, the headers that writes take, and nulls where anything may stand."""
    _let_anything_be_null(result)
    result["components"]["schemas"]["Problem"] = PROBLEM
    for operations in result["paths"].values():
        for method, operation in operations.items():
            _add_problems(method, operation)
            if method in WRITES:
                _add_headers(method, operation)
    return result


def _let_anything_be_null(value: Any) -> None:
    """`oneOf` an empty schema and null takes everything but null, which fits both; meant is everything."""
    if isinstance(value, dict):
        if value.get("oneOf") == ANYTHING_OR_NULL:
            del value["oneOf"]
        for inner in value.values():
            _let_anything_be_null(inner)
    elif isinstance(value, list):
        for inner in value:
            _let_anything_be_null(inner)


def _add_problems(method: str, operation: dict[str, Any]) -> None:
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, words in ERRORS.items():
        if method in NEEDS.get(status, {method}):
            operation["responses"].setdefault(status, {"description": words, "content": content})


def _add_headers(method: str, operation: dict[str, Any]) -> None:
    text = {"type": "string"}
    given = operation.setdefault("parameters", [])
    given.append({"in": "header", "name": "Idempotency-Key", "schema": text, "description": "one effect for a day"})
    if method != "post":
        given.append({"in": "header", "name": "If-Match", "schema": text, "description": "the ETag that was read"})
