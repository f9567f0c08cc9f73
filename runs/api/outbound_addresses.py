"""Addresses that Sentri is to send to: judged before anything is stored, and before any transaction begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.problems import Invalid
from runs import delivering

Write = Callable[..., Response]
FIELDS = ("callback_url", "callbackUrl")
SETTINGS = ("url", "api")


def judged(write: Write) -> Write:
    """Wraps a method of a view: 422 for an address whose name points to where nothing may be sent.

    Names are resolved here, so this stands around `idempotent`, whose transaction must not wait for a name server.
    """

    @wraps(write)
    def checked(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        for field, url in _addresses(request.data):
            check_address(field, url)
        return write(view, request, *args, **kwargs)

    return checked


def check_address(field: str, url: str) -> None:
    """Raises Invalid for an address that may not be sent to; what is no address at all is for others to say."""
    try:
        refusal = delivering.refusal_of(url) if url.lower().startswith(("http://", "https://")) else None
    except ValueError:
        return
    if refusal:
        raise Invalid({field: refusal})


def _addresses(data: Any) -> Iterator[tuple[str, str]]:
    inner = data.get("settings")
    found = [(name, data.get(name)) for name in FIELDS]
    if isinstance(inner, Mapping):
        found += [(f"settings.{name}", inner.get(name)) for name in SETTINGS]
    yield from ((name, value) for name, value in found if isinstance(value, str) and value)
