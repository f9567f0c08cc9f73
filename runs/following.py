"""Follows a run's story for all who watch it in this process: the log is read once, whoever listens.

A follower first gets from the database what it missed, then what the one reader of its run reads. Whatever bells say or
lose, lines come in order and without gaps, because only the log's numbers decide.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.db import database_sync_to_async
from django.utils import timezone

from runs import heartbeats, live, reading
from runs.models import Run

PAGE = 500
KEPT = 2_000
LOOK_ANYWAY_SECONDS = 5.0
BREATH_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story as it is sent."""

    seq: int
    type: str
    text: str


@dataclass
class Reader:
    """Reads one run's log from where it began and keeps the newest lines; `floor` is the number before the oldest."""

    run: int
    floor: int
    lines: deque[Line] = field(default_factory=deque)
    followers: set[asyncio.Event] = field(default_factory=set)
    begun: datetime = field(default_factory=timezone.now)
    problem: Exception | None = None
    task: asyncio.Task[None] | None = None

    @property
    def newest(self) -> int:
        return self.lines[-1].seq if self.lines else self.floor

    def since(self, after: int) -> list[Line] | None:
        """Lines after a number; None where some of them are not kept here."""
        if after < self.floor:
            return None
        return [self.lines[place] for place in range(min(after - self.floor, len(self.lines)), len(self.lines))]

    async def read(self) -> None:
        try:
            async with live.listen(self.run) as bell:
                while not (self.lines and self.lines[-1].type == "done"):
                    found = await database_sync_to_async(reading.events)(self.run, self.newest, PAGE)
                    self._take(found)
                    if len(found) < PAGE:
                        # Many small commits become one message: nobody reads faster than this.
                        await asyncio.sleep(BREATH_SECONDS)
                        await bell.wait(LOOK_ANYWAY_SECONDS)
        except Exception as error:  # noqa: BLE001 - it is raised again where each follower waits
            self.problem = error
            self._wake()

    def _take(self, found: list[dict[str, Any]]) -> None:
        self.lines += [Line(line["seq"], line["type"], json.dumps(line)) for line in found]
        heartbeats.told(found, self.begun)
        while len(self.lines) > KEPT:
            self.floor = self.lines.popleft().seq
        if found:
            self._wake()

    def _wake(self) -> None:
        for woken in self.followers:
            woken.set()


_readers: dict[tuple[asyncio.AbstractEventLoop, int], Reader] = {}


@contextlib.asynccontextmanager
async def _reader(run_id: int) -> AsyncIterator[tuple[Reader, asyncio.Event]]:
    """The run's reader in this loop, begun with its first follower and ended with its last."""
    key, news = (asyncio.get_running_loop(), run_id), asyncio.Event()
    if key not in _readers or _readers[key].problem:
        last = await database_sync_to_async(_last_seq)(run_id)
        if key not in _readers or _readers[key].problem:
            _readers[key] = Reader(run_id, last)
    reader = _readers[key]
    reader.followers.add(news)
    if reader.task is None:
        # Not in the context of the request that comes first: its thread ends with it, and others go on.
        reader.task = asyncio.create_task(reader.read(), context=Context())
    try:
        yield reader, news
    finally:
        reader.followers.discard(news)
        if not reader.followers:
            reader.task.cancel()
            if _readers.get(key) is reader:
                del _readers[key]


def _last_seq(run_id: int) -> int:
    """Where a reader begins: before the last line, so that it sees the end of a run that is over."""
    return max(0, Run.objects.filter(pk=run_id).values_list("last_seq", flat=True).get() - 1)


async def follow(run_id: int, after: int, patience: float = LOOK_ANYWAY_SECONDS) -> AsyncGenerator[list[Line], None]:
    """Groups of lines after a number, in order and without gaps, to the line `done`, which is the last.

    An empty group where nothing was told for `patience` seconds. Raises what the database raised for the reader.
    """
    async with _reader(run_id) as (reader, news):
        while True:
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


def _missed(run_id: int, after: int) -> list[Line]:
    return [Line(line["seq"], line["type"], json.dumps(line)) for line in reading.events(run_id, after, PAGE)]
