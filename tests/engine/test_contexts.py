"""Contexts on their way out, with a context that closes when it is told to."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from playwright.async_api import BrowserContext

from runs.engine.browser import close_context, contexts


class Slow:
    """Closes once it `may`; the driver takes the cancelling of a call for a wish to abort it."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.said: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        try:
            await self.may.wait()
        except asyncio.CancelledError:
            self.said.set_result("aborted")
            raise
        self.said.set_result("closed")


async def test_a_context_that_closes_late_is_not_waited_for_and_closes_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(contexts, "CLOSE_SECONDS", 0.01)
    slow = Slow()
    await close_context(cast("BrowserContext", slow))
    slow.may.set()
    assert await slow.said == "closed"


async def test_whoever_waits_for_a_context_to_close_may_be_cancelled() -> None:
    slow = Slow()
    waiting = asyncio.ensure_future(close_context(cast("BrowserContext", slow)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    slow.may.set()
    assert await slow.said == "closed"
