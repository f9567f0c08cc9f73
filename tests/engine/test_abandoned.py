"""Calls that nobody waits for any more leave no trace in the log."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from runs.engine.browser import Browser
from runs.engine.plan import BrowserOptions, Site
from tests.engine.pages import pages


async def test_a_call_that_is_cancelled_twice_leaves_nothing_behind(
    browser_path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with Browser(browser_path) as browser:
        with pages({"/": "<h1>Shop</h1>"}) as site:
            context = await browser.context(BrowserOptions(), Site(base_url=site.url))
            page = await context.new_page()
            await page.goto(site.url)
            await twice_cancelled(browser, asyncio.ensure_future(page.evaluate("new Promise(() => {})")))
            await context.close()
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


async def twice_cancelled(browser: Browser, call: asyncio.Task[Any]) -> None:
    """Cancels a call, and once more when the driver has answered and the call has not yet heard of it."""
    playwright: Any = browser._playwright
    waiting = playwright._impl_obj._connection._callbacks
    known = set(waiting)
    for _ in range(100):
        await asyncio.sleep(0)
        if set(waiting) - known:
            break
    (number,) = set(waiting) - known
    answer = waiting[number].future
    call.cancel()
    await asyncio.sleep(0)
    answer.add_done_callback(lambda _: call.cancel())
    with pytest.raises(asyncio.CancelledError):
        await call
    assert str(answer._exception).startswith("Task was cancelled")
