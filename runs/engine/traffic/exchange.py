"""One call of a page to its server, as it may be stored: address, status, and the shapes of what went to and fro."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from runs.engine.foreign import UnreadableJson, loaded
from runs.engine.traffic.addresses import blanked, template
from runs.engine.traffic.json_shape import Schema, infer, merge

Entry = dict[str, Any]

MOST_BYTES = 256 * 1024
MOST_OPERATIONS = 10
_JSON = re.compile(r"(application|text)/([\w.+-]+\+)?(x-)?json|application/graphql(-response)?\+json")
_DOCUMENT = re.compile(r"^(?:\s|#[^\n]*\n)*(?:(?:query|mutation|subscription|fragment)\b|\{)")
_OPERATION = re.compile(r"(?:^|[}\s])(query|mutation|subscription)\b\s*([A-Za-z_]\w*)?")
_NAME = re.compile(r"[A-Za-z_]\w{0,79}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was sent and what came back; bodies are None where they were not read."""

    method: str
    url: str
    type: str
    status: int | None = None
    request_type: str = ""
    request_body: bytes | None = None
    response_type: str = ""
    response_body: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Operation:
    name: str | None
    type: str | None
    variables: Any


def is_json(content_type: str) -> bool:
    return bool(_JSON.fullmatch(media_type(content_type)))


def media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def entries(call: Exchange) -> list[Entry]:
    """The call as entries of `PageSnapshot.requests`: one, or one per operation of a GraphQL batch.

    Schemas are of whole bodies; of a GraphQL request, of its variables.
    """
    sent, came = _body(call.request_body, call.request_type), _body(call.response_body, call.response_type)
    operations = _operations(sent, call)
    if not operations:
        return [_entry(call, blanked(call.url), None, _shape(sent), _shape(came))]
    parts = urlsplit(blanked(call.url))
    # With GET the address holds the query and its variables, and values are not kept.
    url = urlunsplit((*parts[:3], "", "")) if call.method == "GET" else parts.geturl()
    batch = isinstance(sent, _Read) and isinstance(sent.value, list)
    answers = came.value if batch and came and isinstance(came.value, list) else None
    found = []
    for index, operation in enumerate(operations[:MOST_OPERATIONS]):
        answer = _Read(answers[index]) if answers and index < len(answers) else None if batch else came
        variables = None if operation.variables is None else infer(operation.variables)
        found.append(_entry(call, url, operation, variables, _shape(answer)))
    return found


def _entry(
    call: Exchange, url: str, operation: _Operation | None, request: Schema | None, response: Schema | None
) -> Entry:
    path = urlsplit(url).path or "/"
    return {
        "method": call.method,
        "url": url,
        "path": path,
        "type": call.type,
        "status": call.status,
        "template": template(path),
        "operation": operation.name if operation else None,
        "operation_type": operation.type if operation else None,
        "request": {"content_type": media_type(call.request_type) or None, "schema": request},
        "response": {"content_type": media_type(call.response_type) or None, "schema": response},
    }


def combined(found: Iterable[Entry], most: int) -> tuple[Entry, ...]:
    """Each call once by method, address and operation, with the shapes of all of them; the first `most`."""
    own: dict[tuple[Any, ...], Entry] = {}
    for entry in found:
        key = (entry["method"], entry["url"], entry["operation"])
        known = own.get(key)
        if known is not None:
            own[key] = joined(known, entry)
        elif len(own) < most:
            own[key] = entry
    return tuple(own.values())


def joined(first: Entry, other: Entry) -> Entry:
    """Two entries of one call; the status is that of the first answer. Shapes are only of answers of one kind."""
    status = first["status"] if first["status"] is not None else other["status"]
    good = [entry for entry in (first, other) if _succeeded(entry)] or [first, other]
    return {
        **first,
        "status": good[0]["status"] if _succeeded(good[0]) else status,
        "request": _joined([first["request"], other["request"]]),
        "response": _joined([entry["response"] for entry in good]),
    }


def _succeeded(entry: Entry) -> bool:
    return entry["status"] is not None and 200 <= entry["status"] < 300


def _joined(sides: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    schemas = [side["schema"] for side in sides if side["schema"] is not None]
    kinds = [side["content_type"] for side in sides if side["content_type"]]
    return {
        "content_type": kinds[0] if kinds else None,
        "schema": merge(schemas[0], schemas[-1]) if schemas else None,
    }


@dataclass(frozen=True, slots=True)
class _Read:
    # A body that says null was read all the same, and has a shape.
    value: Any


def _body(body: bytes | None, content_type: str) -> _Read | None:
    if body is None or len(body) > MOST_BYTES or not is_json(content_type):
        return None
    try:
        return _Read(loaded(body))
    except UnreadableJson:
        return None


def _shape(body: _Read | None) -> Schema | None:
    return infer(body.value) if body else None


def _operations(sent: _Read | None, call: Exchange) -> list[_Operation]:
    if sent is not None:
        listed = sent.value if isinstance(sent.value, list) else [sent.value]
        found = [_operation(body) for body in listed]
        return [operation for operation in found if operation] if all(found) else []
    if call.method != "GET":
        return []
    parameters = {name: values[0] for name, values in parse_qs(urlsplit(call.url).query).items()}
    operation = _operation({**parameters, "variables": _loaded(parameters.get("variables"))})
    return [operation] if operation else []


def _loaded(text: str | None) -> Any:
    try:
        return loaded(text) if text else None
    except UnreadableJson:
        return None


def _operation(body: Any) -> _Operation | None:
    """The GraphQL operation that a body asks for, or None where it is none."""
    if not isinstance(body, dict):
        return None
    text, given = body.get("query"), body.get("operationName")
    name = given if isinstance(given, str) and _NAME.fullmatch(given) else None
    # Many searches have a field called query, so that it has to read as GraphQL.
    if not (isinstance(text, str) and _DOCUMENT.match(text)):
        # Apollo sends a hash in place of a document that the server knows already.
        persisted = isinstance(body.get("extensions"), dict) and "persistedQuery" in body["extensions"]
        return _Operation(name, None, body.get("variables")) if persisted else None
    defined = _OPERATION.findall(text)
    chosen = next(
        (definition for definition in defined if definition[1] == name), defined[0] if defined else ("query", "")
    )
    return _Operation(name or chosen[1] or None, chosen[0], body.get("variables"))
