"""Crawl one shard of a site: pages in, a stream of what was seen out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from runs.engine.browser import Browser, ClaimCode, Frames, Screencast
from runs.engine.crawl.explorer import Explorer
from runs.engine.crawl.slot import Pull, Slot
from runs.engine.events import Event
from runs.engine.plan import CrawlPlan
from runs.engine.stream import Events, streamed, together


def crawl(
    browser: Browser,
    plan: CrawlPlan,
    pull: Pull,
    *,
    first: bool,
    frames: Frames | None = None,
    claim_code: ClaimCode | None = None,
) -> AsyncGenerator[Event, None]:
    """Visit the pages that `pull` gives, `options.parallel` at once, until it gives None.

    Each page ends in one `PageVisited` or `PageFailed`. The shard with `first` also emits `Seeds`, once. `frames` is
    shown the pages in use while it wants them; `claim_code` keeps workers from entering the same one-time code. Raises
    what `pull` raises, and `BrowserUnavailable`; when it is closed or cancelled, its contexts are closed within 2 s.
    """
    events: Events = asyncio.Queue()
    explorer = Explorer(browser, plan, events.put_nowait, Screencast(frames), claim_code)
    return streamed(events, explorer.accounts.masking, lambda: _explore(explorer, pull, first))


async def _explore(explorer: Explorer, pull: Pull, first: bool) -> None:
    await together(explorer.sign_in(), explorer.welcome(first))
    async with explorer.screencast:
        await together(*(Slot(explorer, number).run(pull) for number in range(explorer.plan.options.parallel)))
