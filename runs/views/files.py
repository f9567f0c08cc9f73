"""Artifacts by signed links, and the trace viewer that ships with Playwright."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from mimetypes import guess_type
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils._os import safe_join
from django.views.decorators.http import require_safe

from projects.place import Request, page
from runs import storage

log = logging.getLogger(__name__)
GONE = "This file is not stored any more: it was deleted, or its run was. The result itself is still there."

# The viewer starts from an inline script and shows recorded pages with their own styles, pictures and fonts.
VIEWER_POLICY = (
    "default-src 'self' blob: data:; script-src 'self' 'unsafe-inline'; style-src * 'unsafe-inline'; "
    "img-src * blob: data:; font-src * blob: data:; media-src * blob: data:; object-src 'none'; frame-ancestors 'self'"
)


@require_safe
def artifact(request: HttpRequest, token: str) -> HttpResponse:
    """The file of a signed link. The link is proof enough: it was given to somebody who may see the run."""
    try:
        row, content = storage.read(token)
    except storage.BadLink as error:
        return render(request, "403.html", {"exception": str(error)}, status=403)
    except FileNotFoundError:
        return render(request, "404.html", {"why": GONE}, status=404)
    except storage.Away as error:
        log.warning("artifact %s: %s (%s)", token, error, error.__cause__)
        return render(request, "503.html", {"exception": str(error)}, status=503)
    response = HttpResponse(content, content_type=row.content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=3600, immutable"
    name = f"{row.kind}-{row.pk}{Path(row.path).suffix}"
    response["Content-Disposition"] = f'{"attachment" if row.kind == "trace" else "inline"}; filename="{name}"'
    return response


def viewer_files() -> Path:
    """Where the installed Playwright keeps its trace viewer. Found without loading Playwright."""
    spec = find_spec("playwright")
    places = (spec.submodule_search_locations or []) if spec else []
    for place in places:
        return Path(place) / "driver" / "package" / "lib" / "vite" / "traceViewer"
    raise Http404


@page
@require_safe
def trace_viewer(_request: Request, name: str) -> HttpResponse:
    path = Path(safe_join(viewer_files(), name))
    if not path.is_file():
        raise Http404
    kind = guess_type(path.name)[0] or "application/octet-stream"
    response = HttpResponse(path.read_bytes(), content_type=kind)
    response["Content-Security-Policy"] = VIEWER_POLICY
    response["Cache-Control"] = "private, max-age=3600"
    return response
