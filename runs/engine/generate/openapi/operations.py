"""A document read into operations. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any
from urllib.parse import quote, urlsplit

import yaml

from runs.engine import foreign
from runs.engine.events import Seen
from runs.engine.foreign import loaded
from runs.engine.generate.openapi.aliases import from_yaml
from runs.engine.generate.openapi.references import Schemas, followed
from runs.engine.generate.openapi.samples import NOTHING, sample
from runs.engine.traffic.exchange import is_json

# Reads are tried, and records that can be made and taken away again; what PUT and PATCH change stays changed.
METHODS = ("get", "post", "delete")
MOST_BYTES = 5_000_000
MOST_OPERATIONS = 300
MOST_PARAMETERS = 200
MOST_ANSWERS = 60


class UnreadableDocument(Exception):
    """No document that can be used; the message says in one sentence why."""


class Parameter(Seen):
    """A value that an operation takes. `value` is one that fits, None where none is known."""

    name: str
    place: str
    required: bool = False
    value: Any = None
    type: str = ""


class Operation(Seen):
    """One method on one path: a template below the site's origin. `answers` are schemas by status, {} for any.

    `body` fits what is sent as JSON; None where nothing is, or nothing that fits is known (then `takes_body`).
    """

    method: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    takes_body: bool = False
    body: Any = None
    answers: dict[str, dict[str, Any]] = {}
    deprecated: bool = False

    @property
    def of_path(self) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if parameter.place == "path")

    def success(self) -> tuple[int, dict[str, Any]] | None:
        """The first documented success and its schema."""
        found = sorted(status for status in self.answers if status.startswith("2") and status.isdecimal())
        return (int(found[0]), self.answers[found[0]]) if found else None

    def refusals(self) -> set[int]:
        return {int(status) for status in self.answers if status.startswith("4") and status.isdecimal()}


def read(text: str, origin: str) -> list[Operation]:
    """The operations of a document on a site with this origin, at most 300. Raises `UnreadableDocument`."""
    root = _parsed(text)
    base = _base(root, origin)
    paths = root.get("paths")
    if not isinstance(paths, dict) or not paths:
        raise UnreadableDocument("it describes no paths")
    schemas = Schemas(root)
    every = (operation for path, item in paths.items() for operation in _of_path(root, f"{base}{path}", item, schemas))
    found = list(islice(every, MOST_OPERATIONS))
    if not found:
        raise UnreadableDocument("none of its operations can be tried")
    return found


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > MOST_BYTES:
        raise UnreadableDocument(f"it is larger than {MOST_BYTES // 1_000_000} MB")
    try:
        root = loaded(text) if text.lstrip().startswith("{") else from_yaml(text)
    except (foreign.UnreadableJson, yaml.YAMLError, ValueError, RecursionError) as error:
        place = " ".join(str(error).split())[:150]
        raise UnreadableDocument(f"it is neither JSON nor YAML that is read: {place}") from error
    if not isinstance(root, dict):
        raise UnreadableDocument("it is no object")
    version = str(root.get("openapi") or root.get("swagger") or "")
    if not version.startswith(("3.0", "3.1", "2.")):
        said = f"its version is {version[:20]}" if version else "it does not say its version"
        raise UnreadableDocument(f"{said}; OpenAPI 3.0 and 3.1 and Swagger 2.0 can be read")
    return root


def _base(root: dict[str, Any], origin: str) -> str:
    """The path that all paths are below. Raises `UnreadableDocument` where the API is on another site."""
    servers = root.get("servers")
    if isinstance(servers, list) and servers and isinstance(servers[0], dict):
        url = str(servers[0].get("url", "")).split("{")[0]
        parts = urlsplit(url)
        if parts.netloc and f"{parts.scheme or urlsplit(origin).scheme}://{parts.netloc}" != origin:
            raise UnreadableDocument(f"it describes another site, {parts.netloc}")
        return parts.path.rstrip("/")
    host = root.get("host")
    if isinstance(host, str) and host and host != urlsplit(origin).netloc:
        raise UnreadableDocument(f"it describes another site, {host}")
    return str(root.get("basePath") or "").rstrip("/")


def _of_path(root: Any, path: str, item: Any, schemas: Schemas) -> Iterator[Operation]:
    """Its operations; those that are not built as they should be are passed over."""
    found = followed(root, item)
    shared = found.get("parameters") or []
    for method in METHODS:
        operation = found.get(method)
        if isinstance(operation, dict):
            with suppress(TypeError, ValueError, AttributeError, LookupError):
                yield _operation(schemas, method, path, operation, shared)


def _operation(schemas: Schemas, method: str, path: str, operation: dict[str, Any], shared: Any) -> Operation:
    root = schemas.root
    parameters = [*_listed(shared), *_listed(operation.get("parameters"))][:MOST_PARAMETERS]
    given = [followed(root, parameter) for parameter in parameters]
    own = {
        (str(parameter.get("name")), str(parameter.get("in"))): parameter
        for parameter in given
        if parameter.get("name")
    }
    takes, body = _body(root, operation, own)
    return Operation(
        method=method.upper(),
        path=path,
        parameters=tuple(
            _parameter(root, parameter) for parameter in own.values() if parameter.get("in") in ("path", "query")
        ),
        takes_body=takes,
        body=body,
        answers=_answers(schemas, operation),
        deprecated=operation.get("deprecated") is True,
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _parameter(root: Any, given: dict[str, Any]) -> Parameter:
    # Swagger 2 writes type and bounds into the parameter itself.
    schema = followed(
        root, given.get("schema") or {name: given[name] for name in given if name not in ("in", "required")}
    )
    examples = given.get("examples")
    first = followed(root, next(iter(examples.values()))) if isinstance(examples, dict) and examples else {}
    value = given.get("example", first.get("value", NOTHING))
    value = sample(root, schema) if value is NOTHING else value
    # Braces of a description would become a variable of the test.
    usable = isinstance(value, str | int | float | bool) and "{{" not in str(value)
    return Parameter(
        name=str(given["name"]),
        place=str(given["in"]),
        required=given.get("required") is True or given["in"] == "path",
        value=value if usable else None,
        type=str(schema.get("type", "")),
    )


def _body(root: Any, operation: dict[str, Any], own: dict[tuple[str, str], dict[str, Any]]) -> tuple[bool, Any]:
    content = followed(root, operation.get("requestBody")).get("content")
    if isinstance(content, dict):
        media = content.get("application/json")
        if not isinstance(media, dict):
            return True, None
        given = {"example": media["example"]} if "example" in media else media.get("schema", {})
        value = sample(root, given)
        return True, None if value is NOTHING else value
    # Swagger 2 has the body among the parameters, and forms as well.
    for (_, place), given in own.items():
        if place == "body":
            value = sample(root, given.get("schema", {}))
            return True, None if value is NOTHING else value
    return any(place == "formData" for _, place in own), None


def _answers(schemas: Schemas, operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    responses, root = operation.get("responses"), schemas.root
    found = {}
    for status, response in islice((responses if isinstance(responses, dict) else {}).items(), MOST_ANSWERS):
        answer = followed(root, response)
        content = answer.get("content")
        part = _documented(root, content) if isinstance(content, dict) else answer.get("schema")
        found[str(status)] = schemas.schema(part) if part else {}
    return found


def _documented(root: Any, content: dict[str, Any]) -> Any:
    """The schema of what is answered as JSON. Any type (`*/*`) is JSON as well, unless it is described as a text."""
    named = [media for kind, media in content.items() if is_json(str(kind)) and isinstance(media, dict)]
    if named:
        return named[0].get("schema")
    anything = content.get("*/*")
    schema = anything.get("schema") if isinstance(anything, dict) else None
    return None if followed(root, schema).get("type") == "string" else schema


def filled(operation: Operation, instead: dict[str, Any] | None = None) -> str | None:
    """The operation's address with values for what it requires; None where one is not known."""
    given = instead or {}
    path, query = operation.path, []
    for parameter in operation.parameters:
        value = given.get(parameter.name, parameter.value)
        if parameter.place == "path":
            if value is None:
                return None
            path = path.replace(f"{{{parameter.name}}}", value if "{{" in str(value) else quote(_said(value), safe=""))
        elif parameter.required:
            if value is None:
                return None
            query.append(f"{quote(parameter.name)}={quote(_said(value))}")
    bare = path.replace("{{", "").replace("}}", "")
    return None if "{" in bare else path + ("?" + "&".join(query) if query else "")


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
