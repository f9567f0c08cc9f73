"""How much of a body is read, decided before it is: a stranger's form is small, and nothing of anybody goes to disk."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http.cookies import CookieError
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.http import parse_cookie
from django.template import loader

from projects.api.problems import CONTENT_TYPE, problem_details
from projects.credential import Credential

# Signing in and accepting an invitation take some hundred bytes.
OF_STRANGERS = 16 * 1024

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class BodyTooLong(Exception):
    """The body is longer than whoever sends it may send; the message says how long it may be."""


class BoundedBodies:
    """Answers 413 in place of an application that would read a body too long.

    The first bytes are read here, up to what a stranger may send. Only a body that is longer, or says that it will be,
    makes us look who sends it, by its token or session.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        try:
            first = await _first(scope, receive)
        except BodyTooLong as problem:
            await _refuse(scope, send, str(problem))
            return
        await self.inner(_with_length(scope, first), _replayed(first, receive), send)


async def _first(scope: dict[str, Any], receive: Receive) -> Message:
    """All of the body as one message. Raises TooMuch as soon as it is clear that it is too long."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    length, bound = _length(headers), OF_STRANGERS
    body = bytearray()
    while True:
        if max(length, len(body)) > bound:
            bound = await _bound(headers)
            if max(length, len(body)) > bound:
                raise BodyTooLong(_sentence(bound))
        message = await receive()
        if message["type"] != "http.request":
            return message
        body += message.get("body", b"")
        if len(body) <= bound and not message.get("more_body"):
            return {"type": "http.request", "body": bytes(body), "more_body": False}


def _length(headers: dict[bytes, str]) -> int:
    said = headers.get(b"content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else 0


async def _bound(headers: dict[bytes, str]) -> int:
    member = await database_sync_to_async(_is_member)(headers)
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) if member else OF_STRANGERS


def _is_member(headers: dict[bytes, str]) -> bool:
    authorization = headers.get(b"authorization")
    if authorization is not None:
        return Credential.of_header(authorization).principal() is not None
    try:
        session = parse_cookie(headers.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return False
    return Credential(session=session).principal() is not None


def _sentence(bound: int) -> str:
    if bound == OF_STRANGERS:
        return f"A request body may have at most {bound // 1024} KiB before you are signed in."
    return f"A request body may have at most {bound // 1024} KiB."


def _with_length(scope: dict[str, Any], first: Message) -> dict[str, Any]:
    """A body that came in chunks says its length as well: Django's forms and DRF read nothing without one."""
    if not first.get("body"):
        return scope
    kept = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", b"transfer-encoding")]
    return {**scope, "headers": [*kept, (b"content-length", str(len(first["body"])).encode())]}


def _replayed(first: Message, receive: Receive) -> Receive:
    waiting = [first]

    async def next_message() -> Message:
        return waiting.pop() if waiting else await receive()

    return next_message


async def _refuse(scope: dict[str, Any], send: Send, sentence: str) -> None:
    """What is still on its way is not waited for: the connection ends with the answer."""
    if scope["path"].startswith("/api/"):
        body, kind = json.dumps(problem_details(413, sentence, "too_large")), CONTENT_TYPE
    else:
        page = loader.get_template("413.html").render({"sentence": sentence})
        body, kind = page, "text/html; charset=utf-8"
    headers = {
        "content-type": kind,
        "content-length": str(len(body.encode())),
        "connection": "close",
        "cache-control": "no-store",
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 413, "headers": encoded})
    await send({"type": "http.response.body", "body": body.encode()})
