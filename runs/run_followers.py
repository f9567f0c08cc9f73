"""Follows a run's story for all who watch it in this process: the log is read once, whoever listens.

A follower first gets from the database what it missed, then what the one reader of its run reads. Whatever bells say or
lose, lines come in order and without gaps, because only the log's numbers decide.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.db import database_sync_to_async
from django.utils import timezone

from runs import heartbeats, live, reading
from runs.models import Run
from runs.shared import Shared, Sharing

PAGE = 500
KEPT = 2_000
# Every ring may be lost, so the log is looked at this often in any case (R16).
LOOK_ANYWAY_SECONDS = 5.0
BREATH_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class StreamedLine:
    """One line of the story as it is sent."""

    seq: int
    type: str
    text: str


@dataclass(eq=False)
class Reader(Shared):
    """Reads one run's log from where it began and keeps the newest lines; `floor` is the number before the oldest."""

    floor: int
    lines: deque[StreamedLine] = field(default_factory=deque)
    begun: datetime = field(default_factory=timezone.now)

    @property
    def newest(self) -> int:
        return self.lines[-1].seq if self.lines else self.floor

    def since(self, after: int) -> list[StreamedLine] | None:
        """Lines after a number; None where some of them are not kept here."""
        if after < self.floor:
            return None
        return [self.lines[place] for place in range(min(after - self.floor, len(self.lines)), len(self.lines))]

    async def work(self) -> None:
        async with live.listen(self.run) as bell:
            while not (self.lines and self.lines[-1].type == "done"):
                found = await database_sync_to_async(reading.events)(self.run, self.newest, PAGE)
                self._take(found)
                if len(found) < PAGE:
                    # Many small commits become one message: nobody reads faster than this.
                    await asyncio.sleep(BREATH_SECONDS)
                    await bell.wait(LOOK_ANYWAY_SECONDS)

    def _take(self, found: list[dict[str, Any]]) -> None:
        self.lines += [StreamedLine(line["seq"], line["type"], json.dumps(line)) for line in found]
        heartbeats.observe_lag(found, self.begun)
        while len(self.lines) > KEPT:
            self.floor = self.lines.popleft().seq
        if found:
            self.wake()


async def _begin(run_id: int) -> Reader:
    return Reader(run_id, await database_sync_to_async(_last_seq)(run_id))


def _last_seq(run_id: int) -> int:
    """Where a reader begins: before the last line, so that it sees the end of a run that is over."""
    return max(0, Run.objects.filter(pk=run_id).values_list("last_seq", flat=True).get() - 1)


_readers = Sharing(_begin)


async def follow(
    run_id: int, after: int, patience: float = LOOK_ANYWAY_SECONDS
) -> AsyncGenerator[list[StreamedLine], None]:
    """Groups of lines after a number, in order and without gaps, to the line `done`, which is the last.

    An empty group where nothing was told for `patience` seconds. Raises what the database raised for the reader.
    """
    async with _readers.followed(run_id) as (reader, news):
        while True:
            # Before looking: what comes between the look and the wait sets it again.
            news.clear()
            lines = reader.since(after)
            if lines is None:
                lines = await database_sync_to_async(_missed)(run_id, after)
            if lines:
                after = lines[-1].seq
                yield lines
                if lines[-1].type == "done":
                    return
                continue
            if reader.problem:
                raise reader.problem
            try:
                await asyncio.wait_for(news.wait(), patience)
            except TimeoutError:
                yield []


def _missed(run_id: int, after: int) -> list[StreamedLine]:
    return [StreamedLine(line["seq"], line["type"], json.dumps(line)) for line in reading.events(run_id, after, PAGE)]
