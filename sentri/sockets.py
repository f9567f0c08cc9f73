"""Who a socket belongs to: machines by bearer token from anywhere, browsers by session from our own pages only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.urls import re_path

from projects.api.refusing import ELSEWHERE, NOTHING, refuse
from projects.credential import Credential

PAGES, PORTS = {"ws": "http", "wss": "https"}, {"ws": 80, "wss": 443}


class Doorkeeper:
    """Puts the credential into the scope, and turns away pages of other origins before the handshake.

    A header is sent by programs only, so it opens a socket from anywhere; a cookie is sent by every page that knows
    our address, so its page has to be ours.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        authorization = headers.get(b"authorization")
        if authorization is None and not is_ours(headers, scope.get("scheme", "ws")):
            await receive()
            await refuse(scope, send, ELSEWHERE)
            return
        credential, user = await database_sync_to_async(_known)(authorization, headers.get(b"cookie", ""))
        await self.inner({**scope, "credential": credential, "user": user}, receive, send)


def _known(authorization: str | None, cookies: str) -> tuple[Credential, Any]:
    if authorization is None:
        found = Credential(session=parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME))
    else:
        found = Credential.of_header(authorization)
    return found, found.principal() or AnonymousUser()


def is_ours(headers: Mapping[bytes, str], scheme: str) -> bool:
    """Whether the page's origin, port included, is the one that was asked, or one of SENTRI_TRUSTED_ORIGINS."""
    origin, host = headers.get(b"origin", ""), headers.get(b"host", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    usual = PORTS[scheme]
    try:
        page, server = urlsplit(origin), urlsplit(f"//{host}")
        same = (page.scheme, page.hostname, page.port or usual) == (
            PAGES[scheme],
            server.hostname,
            server.port or usual,
        )
    except ValueError:
        return False
    if not same:
        return False
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS or [".localhost", "127.0.0.1", "[::1]"])


async def no_such_socket(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await refuse(scope, send, NOTHING)


NoSuchSocket = re_path(r"", cast("Any", no_such_socket))
