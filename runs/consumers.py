"""Live runs: one socket follows a run's event log from the number the client last saw, another shows its browsers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from contextlib import aclosing
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from projects.api.refusing import NOTHING, STRANGER, HandshakeRefusal, bad_number, refuse
from projects.models.public import number_of
from runs import frames, run_followers, viewing
from runs.models import Run

log = logging.getLogger(__name__)
BROKEN = 1011
LOOK_SECONDS = 2.0


class RunSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """A socket on one run, for those who may see it and as long as they may."""

    follower: asyncio.Task[None] | None = None
    looked_at = 0.0

    async def connect(self) -> None:
        run_id = await database_sync_to_async(self._run)()
        # Nobody is accepted before it is known who asks; the refusal is a status of HTTP then.
        refusal = await self.refusal(run_id) or self.bad_query()
        if run_id is None or refusal is not None:
            await refuse(self.scope, self.base_send, refusal or NOTHING)
            raise StopConsumer
        await self.accept()
        self.follower = asyncio.create_task(self._follow(run_id))

    def bad_query(self) -> HandshakeRefusal | None:
        return None

    def _run(self) -> int | None:
        number = number_of(Run.PREFIX, self.scope["url_route"]["kwargs"]["run"])
        return number if number is not None and Run.objects.filter(pk=number).exists() else None

    async def refusal(self, run_id: int | None) -> HandshakeRefusal | None:
        """Why this socket may not be, asked anew every LOOK_SECONDS; what it shows is never older than that."""
        if time.monotonic() - self.looked_at < LOOK_SECONDS:
            return None
        found: HandshakeRefusal | None = await database_sync_to_async(self._refusal)(run_id)
        self.looked_at = time.monotonic()
        return found

    def _refusal(self, run_id: int | None) -> HandshakeRefusal | None:
        principal = self.scope["credential"].principal()
        if principal is None:
            return STRANGER
        visible = run_id is not None and Run.objects.visible_to(principal).filter(pk=run_id).exists()
        return None if visible else NOTHING

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
        # The follower may be what closes the socket, and a task cannot wait for its own end.
        if follower is not None and follower is not asyncio.current_task():
            follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower


class RunConsumer(RunSocket):
    """`/ws/runs/RUN-42?after=N`: first what was missed, then live; closes normally after `done`.

    A message is one line of the story; with `grouped=1` it is an array of those that are due at the same moment.
    """

    def bad_query(self) -> HandshakeRefusal | None:
        params = parse_qs(self.scope["query_string"].decode("latin-1"))
        after, grouped = params.get("after", ["0"])[-1], params.get("grouped", ["0"])[-1]
        if not after.isascii() or not after.isdigit() or len(after) > 10:
            return bad_number("`after` must be the number of the last event that you saw.")
        if grouped not in ("0", "1"):
            return bad_number("`grouped` must be 0 or 1.")
        self.after, self.grouped = int(after), grouped == "1"
        return None

    async def follow(self, run_id: int) -> None:
        async with aclosing(run_followers.follow(run_id, self.after, LOOK_SECONDS)) as groups:
            async for lines in groups:
                # Asked before anything is told, for the right may have ended since.
                if refusal := await self.refusal(run_id):
                    await self.close(code=refusal.closing)
                    return
                texts = [line.text for line in lines]
                for text in [f"[{','.join(texts)}]"] if self.grouped and texts else texts:
                    await self.send(text_data=text)
        await self.close(code=1000)


class LiveConsumer(RunSocket):
    """`/ws/runs/RUN-42/live`: the newest picture of each browser context while the run lives; closes normally after.

    A binary message is the shard's number (1 byte), the slot's number (1 byte) and a JPEG; before it a text message
    `{"shard", "slot", "title"}` wherever the title has changed. A slow client misses pictures and has no backlog.
    """

    async def follow(self, run_id: int) -> None:
        titles: dict[frames.Place, str] = {}
        async with aclosing(viewing.view(run_id)) as looks:
            async for newer in looks:
                if refusal := await self.refusal(run_id):
                    await self.close(code=refusal.closing)
                    return
                for place, picture in sorted(newer.items()):
                    await self._show(place, picture, titles.get(place))
                    titles[place] = picture.title
        await self.close(code=1000)

    async def _show(self, place: frames.Place, picture: frames.Picture, title: str | None) -> None:
        shard, slot = place
        if title != picture.title:
            await self.send(text_data=json.dumps({"shard": shard, "slot": slot, "title": picture.title}))
        await self.send(bytes_data=bytes((shard, slot)) + picture.jpeg)
