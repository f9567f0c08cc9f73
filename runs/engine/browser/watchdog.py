"""Deadlines that hold when a driver or a browser hangs.

To cancel a call, Playwright asks the driver and waits for its answer: with a driver that hangs, neither `wait_for` nor
`timeout` would come back. So what must end is left behind, and a driver that does not answer is killed, after which
everything that still waits for it fails at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from playwright.async_api import Browser as Chromium
from playwright.async_api import Playwright

from runs.engine.browser import driver_ending
from runs.engine.browser.wear import Wear

# Together these stay below the ten seconds in which what hangs is replaced (docs/operations.md).
ASK_EVERY_SECONDS = 3.0
ANSWER_SECONDS = 6.0
Got = TypeVar("Got")


async def within(seconds: float, call: Coroutine[Any, Any, Got]) -> Got:
    """What the call gives; TimeoutError when it is not there in time, whatever becomes of the call."""
    task = asyncio.ensure_future(call)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            let_go(task)
    if not done:
        raise TimeoutError
    return task.result()


def let_go(task: asyncio.Future[Any]) -> None:
    """Cancel without waiting; a second time a little later, for one that waits for a driver to confirm the first."""
    _left.add(task)
    task.add_done_callback(_forget)
    task.cancel()
    asyncio.get_running_loop().call_later(1.0, task.cancel)


def _forget(task: asyncio.Future[Any]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()


_left: set[asyncio.Future[Any]] = set()


async def answers(chromium: Chromium) -> bool:
    """Whether the browser and its driver answer."""
    try:
        session = await within(ANSWER_SECONDS, chromium.new_browser_cdp_session())
        await within(ANSWER_SECONDS, session.detach())
    except Exception:  # noqa: BLE001 - whatever it says, it is no answer
        return False
    return True


async def watch_over(playwright: Playwright, chromium: Chromium, wear: Wear) -> None:
    """Ask again and again; kill both when they do not answer."""
    while chromium.is_connected():
        await asyncio.sleep(ASK_EVERY_SECONDS)
        if chromium.is_connected() and not await answers(chromium):
            await driver_ending.kill(playwright, chromium)
            break
    wear.gone = True
