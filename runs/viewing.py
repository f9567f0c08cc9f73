"""Looks at a run's live frames for all who watch them in this process: one look, whoever watches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime

from channels.db import database_sync_to_async
from django.db.models import Count

from runs import frames
from runs.models import Run
from runs.shared import Shared, Sharing

FRAME_SECONDS = 0.5
WANT_EVERY_SECONDS = 2.0
Pictures = dict[frames.Place, frames.Picture]


@dataclass(eq=False)
class LiveLook(Shared):
    """The newest picture of each browser context of a run, until it is over."""

    pictures: Pictures = field(default_factory=dict)
    over: bool = False

    async def work(self) -> None:
        wanted_at = 0.0
        while not self.over:
            want = time.monotonic() >= wanted_at
            if want:
                wanted_at = time.monotonic() + WANT_EVERY_SECONDS
            newer = await database_sync_to_async(self._newer)(want)
            self.over = newer is None
            self.pictures |= newer or {}
            self.wake()
            await asyncio.sleep(FRAME_SECONDS)

    def _newer(self, want: bool) -> Pictures | None:
        """What is new; None when the run is over."""
        run = Run.objects.living().filter(pk=self.run)
        shards = run.annotate(width=Count("shards")).values_list("width", flat=True).first()
        if shards is None:
            return None
        way = frames.way()
        if want:
            way.want(self.run)
        return way.newer(self.run, shards, {place: picture.at for place, picture in self.pictures.items()})


async def _begin(run_id: int) -> LiveLook:
    return LiveLook(run_id)


_looks = Sharing(_begin)


async def view(run_id: int) -> AsyncGenerator[Pictures, None]:
    """After each look what is newer than what was given before, which may be nothing, until the run is over.

    Who comes back late is given the newest alone. Raises what the database raised for the look.
    """
    given: dict[frames.Place, datetime] = {}
    async with _looks.followed(run_id) as (look, news):
        while not look.over:
            news.clear()
            # Each watcher remembers what it was given: who is slow gets the newest, and no backlog (R23).
            newer = {place: picture for place, picture in look.pictures.items() if given.get(place) != picture.at}
            given |= {place: picture.at for place, picture in newer.items()}
            yield newer
            await news.wait()
            if look.problem:
                raise look.problem
