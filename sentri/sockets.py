"""Who a socket belongs to: machines by bearer token from anywhere, browsers by session from our own pages only."""

from __future__ import annotations

from typing import Any, cast

from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.urls import re_path

from projects.access import principal_of
from projects.models import ApiToken


class AnyOriginWithToken:
    """Sends sockets with an Authorization header past the origin check, with the token's principal as user."""

    def __init__(self, browsers: Any, machines: Any) -> None:
        self.browsers, self.machines = browsers, machines

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        header = dict(scope["headers"]).get(b"authorization")
        if header is None:
            await self.browsers(scope, receive, send)
            return
        user = await database_sync_to_async(bearer)(header.decode("latin-1"))
        await self.machines({**scope, "user": user}, receive, send)


def bearer(header: str) -> Any:
    """The person or project that a bearer token stands for; nobody where it is unknown."""
    scheme, _, text = header.partition(" ")
    token = ApiToken.find(text.strip()) if scheme.lower() == "bearer" else None
    return principal_of(token) or AnonymousUser()


async def no_such_socket(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 4404})


NoSuchSocket = re_path(r"", cast("Any", no_such_socket))
