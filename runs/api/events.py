"""A run's story: as JSON from a number on, or as a stream that goes on until the run is over."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from channels.db import database_sync_to_async
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.parsing import query
from projects.api.problems import Invalid
from projects.api.schema import listed
from projects.credential import Credential
from runs import reading, run_followers
from runs.api.endpoint import RunsEndpoint
from runs.api.serializers import EventOut
from runs.models import Run

BREATH_SECONDS = 10.0
LOOK_SECONDS = 2.0
# As far as PostgreSQL's integer goes, which holds the numbers.
LATEST = 2**31 - 1
MOST_DIGITS = 20


class EventStream(BaseRenderer):
    """Only negotiates: streams are written by `_stream`, and errors as JSON."""

    media_type = "text/event-stream"
    format = "event-stream"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        return JSONRenderer().render(data)


class EventQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    after: int = Field(default=0, ge=0, le=LATEST, description="the last number that the client saw")
    page_size: int = Field(default=200, ge=1, le=200)


class EventList(RunsEndpoint):
    """With `Accept: text/event-stream` a stream that honours Last-Event-ID and ends after the event `done`."""

    # JSON first, which is what a client gets that takes anything.
    renderer_classes = [JSONRenderer, EventStream]

    @listed(EventQuery, EventOut)
    def get(self, request: Request, run: str) -> Any:
        params = query(request, EventQuery)
        found = self.run(request, run)
        if isinstance(request.accepted_renderer, EventStream):
            return self._streamed(request, found, params.after)
        lines = reading.events(found.pk, params.after, params.page_size)
        more = len(lines) == params.page_size and lines[-1]["seq"] < found.last_seq
        following = f"{request.path}?after={lines[-1]['seq']}&page_size={params.page_size}" if more else None
        url = request.build_absolute_uri(following) if following else None
        return Response({"results": lines, "next": url, "previous": None})

    def _streamed(self, request: Request, run: Run, after: int) -> HttpResponseBase:
        last = request.headers.get("Last-Event-ID", "")
        if last:
            # Python refuses to read numbers of thousands of digits, zeros in front included.
            if not (last.isascii() and last.isdigit() and len(last) <= MOST_DIGITS and int(last) <= LATEST):
                raise Invalid({"Last-Event-ID": "Write the number of the last event you saw."})
            after = int(last)
        if run.is_over and after >= run.last_seq:
            return HttpResponse(status=204)  # a browser's EventSource would come back for ever otherwise
        # Kept in place of the person, since its right may end while the stream is open.
        credential = Credential.of_request(request)
        stream = _stream(run.pk, after, lambda: _still_allowed(credential, run.pk))
        answer = StreamingHttpResponse(stream, content_type="text/event-stream; charset=utf-8")
        # nginx would keep events until they fill its buffer.
        answer["X-Accel-Buffering"] = "no"
        return answer


def _still_allowed(credential: Credential, run_id: int) -> bool:
    """Whether the run may still be seen: tokens are revoked, people sign out and leave while streams are open."""
    principal = credential.principal()
    return principal is not None and Run.objects.visible_to(principal).filter(pk=run_id).exists()


async def _stream(run_id: int, after: int, allowed: Callable[[], bool]) -> AsyncIterator[bytes]:
    looked = breathed = time.monotonic()
    yield b": hello\n\n"
    async with aclosing(run_followers.follow(run_id, after, LOOK_SECONDS)) as groups:
        async for lines in groups:
            if time.monotonic() - looked >= LOOK_SECONDS:
                if not await database_sync_to_async(allowed)():
                    return
                looked = time.monotonic()
            for line in lines:
                yield f"id: {line.seq}\nevent: {line.type}\ndata: {line.text}\n\n".encode()
            # Proxies close what is silent; an EventSource does not hear comments.
            if time.monotonic() - breathed > BREATH_SECONDS:
                breathed = time.monotonic()
                yield b": still here\n\n"
