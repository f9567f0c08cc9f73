"""Artifacts by signed links, and the trace viewer that ships with Playwright."""

from __future__ import annotations

import logging
import re
from importlib.util import find_spec
from mimetypes import guess_type
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils._os import safe_join
from django.views.decorators.http import require_safe

from projects.place import SignedInRequest, page
from runs import storage

log = logging.getLogger(__name__)
ARTIFACTS, VIEWER = "/artifacts/", "/trace-viewer/"
RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")
GONE = "This file is not stored any more: it was deleted, or its run was. The result itself is still there."

OURS_ONLY = "The trace viewer opens only traces that are stored here; open one from the page of its result."
PAGES = ("index.html", "snapshot.html")
# Its other page follows tests of a Playwright server, which there is not.
LEFT_OUT = ("uiMode.html",)

# The viewer starts from an inline script and shows recorded pages with their own styles, pictures and fonts. What it
# or its service worker may fetch are its own files and artifacts, so that no address makes it show anything else.
VIEWER_POLICY = (
    "default-src 'self' blob: data:; script-src 'self' 'unsafe-inline'; style-src * 'unsafe-inline'; "
    "img-src * blob: data:; font-src * blob: data:; media-src * blob: data:; object-src 'none'; "
    "frame-ancestors 'self'; frame-src 'self'; connect-src {artifacts} {viewer}"
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
    response = _part(request, content, row.content_type)
    # What a tested site has made: the browser neither guesses what it is nor runs anything of it.
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    # Files of attempts are added and never written again; the link is good for an hour.
    response["Cache-Control"] = "private, max-age=3600, immutable"
    name = f"{row.kind}-{row.pk}{Path(row.path).suffix}"
    response["Content-Disposition"] = f'{"attachment" if row.kind == "trace" else "inline"}; filename="{name}"'
    return response


def _part(request: HttpRequest, content: bytes, content_type: str) -> HttpResponse:
    """All of a file, or the one range of it that a player asks for, which could not move to a place without."""
    byte_range = RANGE.fullmatch(request.headers.get("Range", ""))
    # What is no single range is answered with the whole file, as HTTP allows.
    if byte_range is None or int(byte_range[1]) >= len(content):
        return HttpResponse(content, content_type=content_type, headers={"Accept-Ranges": "bytes"})
    first, last = int(byte_range[1]), min(int(byte_range[2] or len(content)), len(content) - 1)
    where = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {first}-{last}/{len(content)}"}
    return HttpResponse(content[first : last + 1], content_type=content_type, status=206, headers=where)


def viewer_files() -> Path:
    """Where the installed Playwright keeps its trace viewer. Found without loading Playwright."""
    spec = find_spec("playwright")
    places = (spec.submodule_search_locations or []) if spec else []
    for place in places:
        return Path(place) / "driver" / "package" / "lib" / "vite" / "traceViewer"
    raise Http404


@page
@require_safe
def trace_viewer(request: SignedInRequest, name: str) -> HttpResponse:
    path = Path(safe_join(viewer_files(), name))
    if not path.is_file() or path.name in LEFT_OUT:
        raise Http404
    refusal = _refusal(request) if path.name in PAGES else ""
    if refusal:
        return render(request, "403.html", {"exception": refusal}, status=403)
    kind = guess_type(path.name)[0] or "application/octet-stream"
    response = HttpResponse(path.read_bytes(), content_type=kind)
    artifacts, viewer = (request.build_absolute_uri(place) for place in (ARTIFACTS, VIEWER))
    response["Content-Security-Policy"] = VIEWER_POLICY.format(artifacts=artifacts, viewer=viewer)
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _refusal(request: SignedInRequest) -> str:
    """Why the viewer is not opened; "" where its one trace is a signed link of a trace that is stored here."""
    traces = request.GET.getlist("trace")
    home = request.build_absolute_uri(ARTIFACTS)
    if len(traces) != 1 or not traces[0].startswith(home):
        return OURS_ONLY
    try:
        return "" if storage.find(traces[0].removeprefix(home)).kind == "trace" else OURS_ONLY
    except storage.BadLink as error:
        return str(error)
    except FileNotFoundError:
        return GONE
