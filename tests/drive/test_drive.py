"""The bridge between the main thread and the engine's loop, with streams made for the test."""

import asyncio
import os
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from runs.drive import GROUP_SIZE, Drive, Inbox, Loop


class Tape:
    """What the main thread saw."""

    def __init__(self, works: Sequence[Any] = ()) -> None:
        self.works = list(works)
        self.groups: list[list[Any]] = []
        self.wanted: list[int] = []
        self.ticks = 0
        self.threads: set[str] = set()

    def claim(self, wanted: int) -> tuple[Sequence[Any], bool]:
        self.threads.add(threading.current_thread().name)
        self.wanted.append(wanted)
        given, self.works = self.works[:wanted], self.works[wanted:]
        return given, bool(self.works)

    def record(self, events: Sequence[Any]) -> None:
        self.threads.add(threading.current_thread().name)
        self.groups.append(list(events))

    def tick(self) -> None:
        self.ticks += 1

    @property
    def events(self) -> list[Any]:
        return [event for group in self.groups for event in group]


class Notes(queue.SimpleQueue[tuple[str, Any]]):
    """An inbox that keeps of what kind each note was that the main thread took, or that there was none."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def get(self, block: bool = True, timeout: float | None = None) -> tuple[str, Any]:
        self.taken.append("nothing")
        note = super().get(block, timeout)
        self.taken[-1] = note[0]
        return note


async def doubling(pull: Callable[[], Any]) -> AsyncIterator[int]:
    while (work := await pull()) is not None:
        yield work * 2


def test_work_goes_in_and_events_come_out_in_order_on_the_main_thread() -> None:
    tape = Tape(range(1, 200))
    Drive(tape.claim, tape.record, tape.tick).run(doubling)
    assert tape.events == [number * 2 for number in range(1, 200)]
    assert tape.threads == {threading.main_thread().name}


def test_what_the_engine_asks_is_answered_on_the_main_thread_between_events() -> None:
    tape = Tape()
    drive: Drive[Any] = Drive(tape.claim, tape.record, tape.tick)

    async def asking(_pull: Any) -> AsyncIterator[Any]:
        yield threading.current_thread().name
        yield await drive.inbox.ask(lambda: threading.current_thread().name)

    drive.run(asking)
    assert tape.events == ["engine", threading.main_thread().name]


def test_a_question_that_cannot_be_answered_ends_the_drive() -> None:
    tape, ended = Tape(), []
    drive: Drive[Any] = Drive(tape.claim, tape.record, tape.tick)

    def question() -> Any:
        raise LookupError("the database is away")

    async def asking(_pull: Any) -> AsyncIterator[Any]:
        try:
            yield await drive.inbox.ask(question)
        finally:
            ended.append("cleaned up")

    with pytest.raises(LookupError, match="away"):
        drive.run(asking)
    assert ended == ["cleaned up"]


def test_no_group_is_larger_than_the_limit() -> None:
    async def burst(_pull: Any) -> AsyncIterator[int]:
        for number in range(3 * GROUP_SIZE + 1):
            yield number

    tape = Tape()
    Drive(tape.claim, tape.record, tape.tick).run(burst)
    assert max(map(len, tape.groups)) <= GROUP_SIZE
    assert tape.events == list(range(3 * GROUP_SIZE + 1))


def test_an_event_is_recorded_soon_although_the_stream_goes_on() -> None:
    seen: list[float] = []

    async def slow(_pull: Any) -> AsyncIterator[str]:
        yield "first"
        while not seen:  # noqa: ASYNC110 - the other thread is watched
            await asyncio.sleep(0.01)
        yield "second"

    def record(_events: Sequence[Any]) -> None:
        seen.append(time.monotonic())

    Drive(lambda _wanted: ((), False), record, lambda: None).run(slow)
    assert len(seen) == 2


def test_a_stream_that_has_ended_is_not_waited_for() -> None:
    async def ends_on_a_busy_loop(_pull: Any) -> AsyncIterator[int]:
        yield 1
        asyncio.get_running_loop().call_soon(time.sleep, 0.3)

    tape, notes = Tape(), Notes()
    Drive(tape.claim, tape.record, tape.tick, inbox=Inbox(notes)).run(ends_on_a_busy_loop)
    assert tape.events == [1]
    assert notes.taken[-1] == "end", "nothing is waited for after it"


def test_a_pull_waits_while_more_may_come() -> None:
    answers: list[tuple[Sequence[int], bool]] = [((), True), ((7,), True), ((), False)]
    tape = Tape()
    Drive(lambda _wanted: answers.pop(0), tape.record, tape.tick).run(doubling)
    assert tape.events == [14]


def test_all_who_ask_at_once_are_served_by_one_claim_and_nobody_claims_ahead() -> None:
    async def four(pull: Any) -> AsyncIterator[int]:
        for work in await asyncio.gather(*(pull() for _ in range(4))):
            yield work
        yield await pull()

    tape = Tape([1, 2, 3, 4, 5])
    Drive(tape.claim, tape.record, tape.tick).run(four)
    assert tape.events == [1, 2, 3, 4, 5]
    assert sum(tape.wanted) == 5
    assert len(tape.wanted) < 5


class Wrong(Exception):
    pass


def test_an_error_of_the_stream_comes_out_after_its_events_are_recorded() -> None:
    async def broken(_pull: Any) -> AsyncIterator[str]:
        yield "before"
        raise Wrong

    tape = Tape()
    with pytest.raises(Wrong):
        Drive(tape.claim, tape.record, tape.tick).run(broken)
    assert tape.events == ["before"]


@pytest.mark.parametrize("where", ["record", "claim", "tick"])
def test_an_error_of_the_main_thread_stops_the_stream_and_lets_it_clean_up(where: str) -> None:
    closed = threading.Event()

    async def endless(pull: Any) -> AsyncIterator[str]:
        try:
            while True:
                await pull()
                yield "event"
                await asyncio.sleep(0.005)
        finally:
            await asyncio.sleep(0.01)
            closed.set()

    def wrong(*_: Any) -> Any:
        raise Wrong

    verbs: dict[str, Any] = {"claim": lambda _: ((1,), True), "record": lambda _: None, "tick": lambda: None}
    verbs[where] = wrong
    with pytest.raises(Wrong):
        Drive(**verbs).run(endless)
    assert closed.wait(60)


def test_what_is_kept_on_the_loop_stays_for_the_next_drive() -> None:
    Loop.current().kept["browser"] = "open"
    Drive(lambda _wanted: ((), False), lambda _events: None, lambda: None).run(doubling)
    assert Loop.current().kept.pop("browser") == "open"


def test_a_forked_process_gets_a_loop_of_its_own() -> None:
    mine = Loop.current()
    stale = Loop.current()
    stale.pid = os.getpid() + 1
    fresh = Loop.current()
    assert fresh is not mine
    assert fresh.pid == os.getpid()
