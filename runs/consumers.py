"""Live runs: one socket follows a run's event log from the number the client last saw, another shows its browsers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db.models import Count

from runs import following, frames
from runs.models import Run

log = logging.getLogger(__name__)
ANONYMOUS, UNKNOWN, BAD_NUMBER, BROKEN = 4401, 4404, 4400, 1011
FRAME_SECONDS = 0.5
WANT_EVERY_SECONDS = 2.0


class RunSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """A socket on one run, for those who may see it."""

    follower: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()
        if not self.scope["user"].is_authenticated:
            await self.close(code=ANONYMOUS)
            return
        run_id = await database_sync_to_async(self._visible)()
        if run_id is None:
            await self.close(code=UNKNOWN)
            return
        self.follower = asyncio.create_task(self._follow(run_id))

    def _visible(self) -> int | None:
        try:
            return Run.objects.visible_to(self.scope["user"]).by_public_id(self.scope["url_route"]["kwargs"]["run"]).pk
        except Run.DoesNotExist:
            return None

    async def _follow(self, run_id: int) -> None:
        try:
            await self.follow(run_id)
        except OSError:  # the client has gone while it was told
            return
        except Exception:
            log.exception("a socket on run %s is closed; its client comes again", run_id)
            with contextlib.suppress(Exception):
                await self.close(code=BROKEN)

    async def follow(self, run_id: int) -> None:
        raise NotImplementedError

    async def disconnect(self, code: int) -> None:
        follower, self.follower = self.follower, None
        if follower is not None and follower is not asyncio.current_task():
            follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower


class RunConsumer(RunSocket):
    """`/ws/runs/RUN-42?after=N`: first what was missed, then live; closes normally after `done`.

    A message is one line of the story; with `grouped=1` it is an array of those that are due at the same moment.
    """

    async def follow(self, run_id: int) -> None:
        asked = parse_qs(self.scope["query_string"].decode())
        after, grouped = asked.get("after", ["0"])[-1], asked.get("grouped", ["0"])[-1]
        if not after.isascii() or not after.isdigit() or len(after) > 10:
            await self.close(code=BAD_NUMBER, reason="after must be the number of the last event you saw")
            return
        if grouped not in ("0", "1"):
            await self.close(code=BAD_NUMBER, reason="grouped must be 0 or 1")
            return
        async with aclosing(following.follow(run_id, int(after))) as groups:
            async for lines in groups:
                texts = [line.text for line in lines]
                for text in [f"[{','.join(texts)}]"] if grouped == "1" and texts else texts:
                    await self.send(text_data=text)
        await self.close(code=1000)


class LiveConsumer(RunSocket):
    """`/ws/runs/RUN-42/live`: the newest picture of each browser context while the run lives; closes normally after.

    A binary message is the shard's number (1 byte), the slot's number (1 byte) and a JPEG; before it a text message
    `{"shard", "slot", "title"}` wherever the title has changed. The next look waits until all is sent, so a slow
    client misses pictures and has no backlog.
    """

    async def follow(self, run_id: int) -> None:
        shown: dict[frames.Place, frames.Picture] = {}
        wanted_at = 0.0
        while True:
            want = time.monotonic() >= wanted_at
            if want:
                wanted_at = time.monotonic() + WANT_EVERY_SECONDS
            known = {place: picture.at for place, picture in shown.items()}
            newer = await database_sync_to_async(self._look)(run_id, known, want)
            if newer is None:
                await self.close(code=1000)
                return
            for place, picture in sorted(newer.items()):
                await self._show(place, picture, shown.get(place))
                shown[place] = replace(picture, jpeg=b"")
            await asyncio.sleep(FRAME_SECONDS)

    def _look(
        self, run_id: int, known: dict[frames.Place, datetime], want: bool
    ) -> dict[frames.Place, frames.Picture] | None:
        """What is new; None when the run is over, or not for these eyes any more."""
        run = Run.objects.visible_to(self.scope["user"]).living().filter(pk=run_id)
        shards = run.annotate(width=Count("shards")).values_list("width", flat=True).first()
        if shards is None:
            return None
        way = frames.way()
        if want:
            way.want(run_id)
        return way.newer(run_id, shards, known)

    async def _show(self, place: frames.Place, picture: frames.Picture, last: frames.Picture | None) -> None:
        shard, slot = place
        if last is None or last.title != picture.title:
            await self.send(text_data=json.dumps({"shard": shard, "slot": slot, "title": picture.title}))
        await self.send(bytes_data=bytes((shard, slot)) + picture.jpeg)
