"""Steps the async engine from synchronous task code.

The engine lives on one long-lived event loop in a thread of its own; the task's main thread keeps the ORM. Between
them stands one queue: the engine puts events and asks for work, the main thread records and claims.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from runs.queue import pulses
from runs.queue.cluster import patience

E = TypeVar("E")
W = TypeVar("W")
Pull = Callable[[], Awaitable[W | None]]

# Events. R8 allows fifty results in a group, and a result is some five events.
GROUP_SIZE = 250
GROUP_SECONDS = 0.1
# An abort is noticed within this, which leaves the browser the rest of the two seconds of R20.
TICK_SECONDS = 0.5
ASK_AGAIN_SECONDS = 0.15
STOP_SECONDS = 10.0


class Loop:
    """This process's engine thread. Made anew after a fork; what `keep` made stays for later tasks."""

    _current: Loop | None = None

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.kept: dict[str, Any] = {}
        self.loop.call_soon(self._live)
        pulses.own.allow(pulses.ENGINE, patience())
        threading.Thread(target=self.loop.run_forever, name="engine", daemon=True).start()

    def _live(self) -> None:
        """What computes on this loop without end, or waits on it without asking it, stops this."""
        pulses.own.beat(pulses.ENGINE)
        self.loop.call_later(pulses.BEAT_SECONDS, self._live)

    @classmethod
    def current(cls) -> Loop:
        if cls._current is None or cls._current.pid != os.getpid():
            cls._current = cls()
        return cls._current

    def run(self, work: Awaitable[E], tick: Callable[[], object] = lambda: None) -> E:
        """The result of a coroutine on the engine's loop; `tick` is called twice a second and raises to stop it."""

        async def carry() -> E:
            return await work

        carried = asyncio.run_coroutine_threadsafe(carry(), self.loop)
        try:
            while not wait([carried], pulses.BEAT_SECONDS).done:
                pulses.own.beat(pulses.TASK)
                tick()
        finally:
            carried.cancel()
        return carried.result()


@dataclass
class Inbox(Generic[W]):
    """What the engine has for the main thread."""

    notes: queue.SimpleQueue[tuple[str, Any]] = field(default_factory=queue.SimpleQueue)

    async def pull(self) -> W | None:
        future: Future[W | None] = Future()
        self.notes.put(("pull", future))
        return await asyncio.wrap_future(future)

    async def ask(self, question: Callable[[], E]) -> E:
        """What the main thread answers, which has the database; what the question raises there ends the drive."""
        future: Future[E] = Future()
        self.notes.put(("ask", (question, future)))
        return await asyncio.wrap_future(future)

    async def follow(self, stream: AsyncIterator[Any]) -> None:
        """Puts a stream's events into the inbox, then, once it has cleaned up, its end with its error."""
        problem: Exception | None = None
        try:
            async with aclosing(cast("AsyncGenerator[Any, None]", stream)) as events:
                async for event in events:
                    self.notes.put(("event", event))
        except Exception as error:  # noqa: BLE001 - it is raised again in the main thread
            problem = error
        finally:
            self.notes.put(("end", problem))


@dataclass
class Drive(Generic[W]):
    """One pipeline of the engine, driven to its end.

    `claim` gives as many works as were asked for or fewer, and whether more may come; `record` stores a group of
    events; `tick` is called twice a second and raises to stop. An exception of any of them stops the engine and comes
    out of `run`.
    """

    claim: Callable[[int], tuple[Sequence[W], bool]]
    record: Callable[[Sequence[Any]], object]
    tick: Callable[[], None]
    inbox: Inbox[W] = field(default_factory=Inbox)
    group: list[Any] = field(default_factory=list)
    asking: list[Future[W | None]] = field(default_factory=list)
    unheard: bool = False
    begun: float = 0.0
    ticked: float = 0.0
    claimed_at: float = 0.0
    ended: bool = False

    def run(self, start: Callable[[Pull[W]], AsyncIterator[Any]]) -> None:
        """Drives the pipeline until its stream ends. Raises what the stream, claim, record or tick raised."""
        loop = Loop.current().loop
        followed = asyncio.run_coroutine_threadsafe(self.inbox.follow(start(self.inbox.pull)), loop)
        try:
            while not self._step():
                pass
            self._flush()
        finally:
            self._stop(followed)

    def _step(self) -> bool:
        """One round of the main thread; True at the end of the stream."""
        pulses.own.beat(pulses.TASK)
        try:
            kind, content = self.inbox.notes.get(timeout=self._patience())
        except queue.Empty:
            kind, content = "", None
        if kind == "end":
            self.ended = True
            # What was said before the error is recorded before the error is raised.
            if content is not None:
                self._flush()
                raise content
            return True
        if kind == "event":
            if not self.group:
                self.begun = time.monotonic()
            self.group.append(content)
        elif kind == "ask":
            question, future = content
            _tell(future, question())
        elif kind == "pull":
            self.asking.append(content)
            self.unheard = True
        self._keep_up()
        return False

    def _patience(self) -> float:
        waits = [TICK_SECONDS]
        if self.group:
            waits.append(self.begun + GROUP_SECONDS - time.monotonic())
        if self.asking:
            waits.append(ASK_AGAIN_SECONDS)
        return max(0.0, min(waits))

    def _keep_up(self) -> None:
        now = time.monotonic()
        if self.group and (len(self.group) >= GROUP_SIZE or now - self.begun >= GROUP_SECONDS):
            self._flush()
        # All that lies in the inbox is taken first, so that one claim serves all who ask. What has ended is recorded
        # before that claim, for it may free a serial group, an account or what waits for it.
        if (self.unheard and self.inbox.notes.empty()) or (self.asking and now - self.claimed_at >= ASK_AGAIN_SECONDS):
            self._flush()
            self._answer()
        if now - self.ticked >= TICK_SECONDS:
            self.ticked = now
            self.tick()

    def _answer(self) -> None:
        """Claims for all who ask at once. Nobody claims ahead: what is not begun is left to others."""
        self.unheard = False
        self.asking = [future for future in self.asking if not future.cancelled()]
        while self.asking:
            self.claimed_at = time.monotonic()
            works, more = self.claim(len(self.asking))
            for work in works:
                _tell(self.asking.pop(0), work)
            if not works:
                if not more:
                    self._send_home()
                return

    def _send_home(self) -> None:
        asking, self.asking = self.asking, []
        for future in asking:
            _tell(future, None)

    def _flush(self) -> None:
        group, self.group = self.group, []
        if group:
            self.record(group)

    def _stop(self, followed: Future[None]) -> None:
        """Cancels the stream, once, and waits until it has cleaned up; whoever still asks is cancelled with it."""
        # A stream's end is told a moment before its future is done, and told once.
        if self.ended or followed.done():
            return
        followed.cancel()
        until = time.monotonic() + STOP_SECONDS
        while time.monotonic() < until:
            pulses.own.beat(pulses.TASK)
            with contextlib.suppress(queue.Empty):
                if self.inbox.notes.get(timeout=0.1)[0] == "end":
                    return


def _tell(future: Future[W | None], work: W | None) -> None:
    """Answers, unless the engine was stopped a moment before; then the work goes back with the lease."""
    with contextlib.suppress(InvalidStateError):
        future.set_result(work)
