"""Live run updates: each socket follows one run's event log from the number the client last saw."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from runs import live, reading
from runs.models import Run

ANONYMOUS, UNKNOWN, BAD_NUMBER = 4401, 4404, 4400
PAGE = 500
LOOK_ANYWAY_SECONDS = 5.0


class RunConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """`/ws/runs/RUN-42?after=N`: first what was missed, then live; closes normally after `done`."""

    follower: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()
        principal = self.scope["user"]
        if not principal.is_authenticated:
            await self.close(code=ANONYMOUS)
            return
        after = parse_qs(self.scope["query_string"].decode()).get("after", ["0"])[-1]
        if not after.isascii() or not after.isdigit() or len(after) > 10:
            await self.close(code=BAD_NUMBER, reason="after must be the number of the last event you saw")
            return
        run_id = await database_sync_to_async(self._visible)(principal)
        if run_id is None:
            await self.close(code=UNKNOWN)
            return
        self.follower = asyncio.create_task(self._follow(run_id, int(after)))

    def _visible(self, principal: Any) -> int | None:
        try:
            return Run.objects.visible_to(principal).by_public_id(self.scope["url_route"]["kwargs"]["run"]).pk
        except Run.DoesNotExist:
            return None

    async def _follow(self, run_id: int, after: int) -> None:
        async with live.listen(run_id) as bell:
            while True:
                lines = await database_sync_to_async(reading.events)(run_id, after, PAGE)
                for line in lines:
                    await self.send(text_data=json.dumps(line))
                    after = line["seq"]
                if lines and lines[-1]["type"] == "done":
                    await self.close(code=1000)
                    return
                if len(lines) < PAGE:
                    await bell.wait(LOOK_ANYWAY_SECONDS)

    async def disconnect(self, code: int) -> None:
        follower, self.follower = self.follower, None
        if follower is not None and follower is not asyncio.current_task():
            follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower
