"""Refusing a socket: before the handshake, in the words of any other answer of the API."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from projects.api.problems import CONTENT_TYPE, problem_details

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class HandshakeRefusal:
    """A status and its problem for a handshake, and the code that closes a socket which is open already."""

    status: int
    code: str
    detail: str

    @property
    def closing(self) -> int:
        return 4000 + self.status


STRANGER = HandshakeRefusal(
    401, "not_authenticated", "Send a bearer token or the cookie of a session; this one is of nobody."
)
ELSEWHERE = HandshakeRefusal(
    403, "origin", "Pages of another origin may not open this socket; send a bearer token instead."
)
NOTHING = HandshakeRefusal(404, "not_found", "There is nothing at this address that you may see.")


def bad_number(detail: str) -> HandshakeRefusal:
    return HandshakeRefusal(400, "malformed", detail)


async def refuse(scope: Mapping[str, Any], send: Send, refusal: HandshakeRefusal) -> None:
    """Answers the handshake with the problem; a server that cannot do that closes with the code."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": refusal.closing})
        return
    body = json.dumps(problem_details(refusal.status, refusal.detail, refusal.code)).encode()
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    if refusal.status == STRANGER.status:
        headers.append((b"www-authenticate", b'Bearer realm="sentri"'))
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
