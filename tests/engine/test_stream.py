"""The pump of all pipelines: what their work says, how its end is told, and how it is stopped."""

import asyncio
from typing import Any

import pytest

from runs.engine.events import Log
from runs.engine.masking import MASK, Masking
from runs.engine.stream import Events, streamed, together


class Broken(Exception):
    pass


def said(events: Events, *words: str) -> None:
    for word in words:
        events.put_nowait(Log("info", word))


async def test_what_is_said_leaves_in_order_and_masked_and_then_what_was_raised() -> None:
    events: Events = asyncio.Queue()

    async def work() -> None:
        said(events, "one", "the s3cr3t-word")
        await asyncio.sleep(0)
        said(events, "three")
        raise Broken("because of s3cr3t-word")

    stream = streamed(events, Masking(["s3cr3t-word"]), work)
    heard = [await anext(stream) for _ in range(3)]
    assert heard == [Log("info", "one"), Log("info", f"the {MASK}"), Log("info", "three")]
    with pytest.raises(Broken, match=f"because of {MASK}"):
        await anext(stream)


async def test_closing_the_stream_cancels_the_work_once_and_waits_until_it_has_cleaned_up() -> None:
    events: Events = asyncio.Queue()
    cancelled: list[str] = []

    async def work() -> None:
        said(events, "begun")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("told")
            await asyncio.sleep(0.05)
            cancelled.append("cleaned up")
            raise

    stream = streamed(events, Masking(), work)
    assert await anext(stream) == Log("info", "begun")
    await stream.aclose()
    assert cancelled == ["told", "cleaned up"]


async def test_a_stream_that_is_closed_does_not_wait_for_ever_for_work_that_will_not_end() -> None:
    events: Events = asyncio.Queue()
    released = asyncio.Event()

    async def work() -> None:
        said(events, "begun")
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    stream = streamed(events, Masking(), work)
    await anext(stream)
    await stream.aclose()
    assert not released.is_set()
    released.set()
    assert await events.get() is None, "it ends when it can"


async def test_work_does_not_begin_before_somebody_listens() -> None:
    begun: list[bool] = []

    async def work() -> None:
        begun.append(True)

    stream = streamed(asyncio.Queue(), Masking(), work)
    await asyncio.sleep(0)
    assert begun == []
    assert [event async for event in stream] == []
    assert begun == [True]


async def test_the_first_of_several_to_fail_ends_the_others_when_they_have_cleaned_up() -> None:
    done: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            done.append("closed")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise Broken("first")

    with pytest.raises(Broken, match="first"):
        await together(waits(), fails(), waits())
    assert done == ["closed", "closed"]


async def test_several_that_are_cancelled_together_are_told_once() -> None:
    told: list[Any] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            told.append(1)
            await asyncio.sleep(0.05)
            raise

    both = asyncio.ensure_future(together(waits(), waits()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    both.cancel()
    await asyncio.sleep(0.01)
    both.cancel()
    with pytest.raises(asyncio.CancelledError):
        await both
    assert told == [1, 1]
