"""Crawl one shard of a site: pages in, a stream of what was seen out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from runs.engine.browser import Browser, ClaimCode, Frames, Screencast
from runs.engine.crawl.explorer import Explorer
from runs.engine.crawl.slot import Pull, Slot
from runs.engine.events import Event
from runs.engine.masking import leaving
from runs.engine.plan import CrawlPlan


async def crawl(
    browser: Browser,
    plan: CrawlPlan,
    pull: Pull,
    *,
    first: bool,
    frames: Frames | None = None,
    claim_code: ClaimCode | None = None,
) -> AsyncIterator[Event]:
    """Visit the pages that `pull` gives, `options.parallel` at once, until it gives None.

    Each page ends in one `PageVisited` or `PageFailed`. The shard with `first` also emits `Seeds`, once. `frames` is
    shown the pages in use while it wants them; `claim_code` keeps workers from entering the same one-time code. Raises
    what `pull` raises, and `BrowserUnavailable`; when it is closed
    or cancelled, its contexts are closed within 2 s.
    """
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    explorer = Explorer(browser, plan, events.put_nowait, Screencast(frames), claim_code)
    exploring = asyncio.ensure_future(_explore(explorer, pull, first))
    exploring.add_done_callback(lambda _: events.put_nowait(None))
    try:
        async for event in leaving(events, explorer.accounts.masking, exploring):
            yield event
    finally:
        exploring.cancel()
        await asyncio.gather(exploring, return_exceptions=True)


async def _explore(explorer: Explorer, pull: Pull, first: bool) -> None:
    await together(explorer.sign_in(), explorer.welcome(first))
    async with explorer.screencast:
        await together(*(Slot(explorer, number).run(pull) for number in range(explorer.plan.options.parallel)))


async def together(*jobs: Coroutine[Any, Any, None]) -> None:
    """Until all are done or one has failed; the others are then cancelled, once: they have contexts to close."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
