"""The OpenAPI document as a page in the product's own style: every operation with what it takes and answers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.settings import spectacular_settings

Schema = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
BY = ("anyOf", "oneOf", "allOf")


@dataclass(frozen=True)
class DocumentedField:
    """A parameter, or a field of an object. `schema` names what is described elsewhere on the page."""

    name: str
    place: str
    kind: str
    schema: str
    required: bool
    words: str


@dataclass(frozen=True)
class DocumentedResponse:
    status: str
    words: str
    schema: str


@dataclass(frozen=True)
class DocumentedOperation:
    name: str
    method: str
    path: str
    words: str
    fields: tuple[DocumentedField, ...]
    body: str
    answers: tuple[DocumentedResponse, ...]

    @property
    def curl(self) -> str:
        """How it is called from a shell, up to its address."""
        method = "" if self.method == "GET" else f" -X {self.method}"
        body = ' -H "Content-Type: application/json" -d @body.json' if self.body else ""
        return f'curl{method} -H "Authorization: Bearer $SENTRI_TOKEN"{body}'


@dataclass(frozen=True)
class Component:
    """A named schema: its fields where it is an object, and all of it as JSON."""

    name: str
    words: str
    fields: tuple[DocumentedField, ...]
    text: str


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Needs no sign-in, as the document itself."""
    groups, components = reference()
    host = request.build_absolute_uri("/").rstrip("/")
    return render(request, "api/docs.html", {"groups": groups, "components": components, "host": host, "here": "api"})


@cache
def reference() -> tuple[dict[str, list[DocumentedOperation]], list[Component]]:
    """Operations by their tag, and the schemas that they name."""
    document = spectacular_settings.DEFAULT_GENERATOR_CLASS().get_schema(request=None, public=True)
    groups: dict[str, list[DocumentedOperation]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                groups[methods[method]["tags"][0]].append(_operation(path, method, methods[method]))
    schemas = document["components"]["schemas"]
    return dict(groups), [_component(name, schemas[name]) for name in sorted(schemas)]


def _operation(path: str, method: str, said: Schema) -> DocumentedOperation:
    body = _content(said.get("requestBody", {}))
    fields = tuple(
        DocumentedField(
            parameter["name"],
            parameter["in"],
            *_kind(parameter.get("schema", {})),
            bool(parameter.get("required")),
            _words(parameter),
        )
        for parameter in said.get("parameters", ())
    )
    answers = tuple(
        DocumentedResponse(status, response.get("description", ""), _content(response))
        for status, response in sorted(said["responses"].items())
    )
    return DocumentedOperation(said["operationId"], method.upper(), path, _words(said), fields, body, answers)


def _content(said: Schema) -> str:
    """The name of the schema of a body, "" where it has none."""
    for media in said.get("content", {}).values():
        return next(_named(media.get("schema", {})), "")
    return ""


def _component(name: str, said: Schema) -> Component:
    needed = said.get("required", ())
    fields = tuple(
        DocumentedField(field, "", *_kind(schema), field in needed, _words(schema))
        for field, schema in said.get("properties", {}).items()
    )
    return Component(name, _words(said), fields, json.dumps(said, indent=2, ensure_ascii=False))


def _words(said: Schema) -> str:
    return " ".join(str(said.get("description", "")).split())


def _kind(said: Schema) -> tuple[str, str]:
    """A schema's type in words, and the named schema in it."""
    kinds = [str(part.get("type", "")) for part in _parts(said)]
    kind = " or ".join(dict.fromkeys(kind_name for kind_name in kinds if kind_name)) or "any value"
    if said.get("type") == "array":
        kind = f"list of {_kind(said.get('items', {}))[0]}"
    if "enum" in said:
        kind = "one of " + ", ".join(str(value) for value in said["enum"] if value not in (None, ""))
    named = next(_named(said), "")
    return ("" if named and kind == "any value" else kind), named


def _parts(said: Schema) -> Iterator[Schema]:
    kinds = said.get("type", "")
    yield from ({"type": kind} for kind in (kinds if isinstance(kinds, list) else [kinds]))
    for way in BY:
        yield from (part for part in said.get(way, ()))


def _named(said: Schema) -> Iterator[str]:
    for part in (said, said.get("items", {}), *(choice for way in BY for choice in said.get(way, ()))):
        if isinstance(part, Mapping) and "$ref" in part:
            yield part["$ref"].rpartition("/")[2]
