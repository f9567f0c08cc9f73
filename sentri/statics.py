"""Static files for an ASGI server."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from contextlib import closing
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

TEXTS = frozenset({"text/css", "text/javascript", "application/javascript", "image/svg+xml"})


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise that sends a file whole: in pieces, an asynchronous server would read it with a warning each time."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with closing(found.file):
                body = found.file.read()
        small = body if found.status != 200 or not _taken(request, found.headers) else _small(body)
        response = HttpResponse(small, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        if small is not body:
            response["Content-Encoding"], response["Content-Length"] = "gzip", str(len(small))
        response["Vary"] = "Accept-Encoding"
        return response


def _taken(request: HttpRequest, headers: Iterable[tuple[str, str]]) -> bool:
    """Whether what is asked for is text, and the browser takes it compressed."""
    kind = dict(headers).get("Content-Type", "").partition(";")[0]
    return kind in TEXTS and "gzip" in request.headers.get("Accept-Encoding", "")


@lru_cache(maxsize=64)
def _small(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)
