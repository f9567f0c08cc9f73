"""What one attempt plays on: a fresh context with a page, or for an api test only a way to send requests."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from runs.engine.browser import (
    APIRequestContext,
    Browser,
    BrowserContext,
    Flood,
    MeasuredVitals,
    Page,
    PageWatch,
    close_context,
    close_later,
    measure,
    restrict,
    watch,
    within,
)
from runs.engine.events import FailureKind
from runs.engine.plan import ShardPlan
from runs.engine.steps.base import Stage
from runs.engine.steps.document import Document

CLOSE_SECONDS = 2


@dataclass(frozen=True)
class Recording:
    """What is recorded of an attempt while it plays."""

    traced: bool = False
    filmed: bool = False


@dataclass
class AttemptPage:
    """An open place for steps. An api test has `requests` and none of the others."""

    stage: Stage
    recording: Recording
    context: BrowserContext | None = None
    page: Page | None = None
    watch: PageWatch | None = None
    flood: Flood | None = None
    vitals: MeasuredVitals | None = None
    requests: APIRequestContext | None = None

    @property
    def browser_alive(self) -> bool:
        browser = self.context.browser if self.context else None
        return browser is None or browser.is_connected()

    @property
    def crashed(self) -> bool:
        return self.watch is not None and self.watch.crashed.is_set()

    async def broken(self) -> tuple[FailureKind, str]:
        """Waits until the page can be played on no more, and says why."""
        if self.watch is None or self.flood is None:
            await asyncio.Event().wait()
            raise AssertionError
        crash, flood = asyncio.ensure_future(self.watch.crashed.wait()), asyncio.ensure_future(self.flood.begun.wait())
        try:
            await asyncio.wait({crash, flood}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            crash.cancel()
            flood.cancel()
        return ("crash", "The page crashed") if self.crashed else ("script", self.flood.said)

    async def answers(self, browser: Browser) -> bool:
        """Whether the browser that the attempt_page is in, and its driver, still answer."""
        return await browser.answers(self.context.browser if self.context else None)

    async def measured(self) -> tuple[dict[str, Any], ...]:
        """The vitals of the pages, where they are wanted."""
        if self.vitals is None or self.context is None:
            return ()
        return await self.vitals.pages([] if self.crashed else self.context.pages)

    async def close(self) -> None:
        if self.context is not None:
            await close_context(self.context)
        if self.requests is not None:
            with contextlib.suppress(Exception):
                await within(CLOSE_SECONDS, self.requests.dispose())


class ClosingPages:
    """Attempt pages on their way out: the next attempt need not wait until the last one's context is gone."""

    def __init__(self) -> None:
        self._closing: set[asyncio.Task[None]] = set()

    def close_later(self, closing: AttemptPage) -> None:
        task = asyncio.ensure_future(closing.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def all_closed(self, seconds: float) -> None:
        if self._closing:
            await asyncio.wait(self._closing, timeout=seconds)


async def open_attempt_page(
    browser: Browser, plan: ShardPlan, document: Document, state: dict[str, Any] | None, recording: Recording
) -> AttemptPage:
    """Open what the document needs; `state` is the storage state to start from."""
    if document.kind == "api":
        return await _open_requests(browser, plan, state, recording)
    context = await browser.context(
        plan.options,
        plan.site,
        state=state,
        read_only=plan.read_only,
        filmed=recording.filmed,
    )
    try:
        # All of this comes before the page: scripts reach only pages that open later, `restrict` replaces `new_page`.
        flood = Flood(context)
        vitals = await measure(context) if plan.vitals else None
        if recording.traced:
            # Sources would be files of this program: a test is data.
            await context.tracing.start(screenshots=True, snapshots=True, sources=False)
        await restrict(context, plan.options.network)
        page = await context.new_page()
    # Also where the run is stopped meanwhile: nobody else knows of this context (R20).
    except BaseException:
        close_later(context)
        raise
    seen = watch(page, pending=document.watches_requests)
    stage = Stage(plan.site, context.request, plan.options.timeout_ms, opened=page, guard=browser.guard, watching=seen)
    return AttemptPage(stage, recording, context, page, seen, flood, vitals)


async def _open_requests(
    browser: Browser, plan: ShardPlan, state: dict[str, Any] | None, recording: Recording
) -> AttemptPage:
    requests = await browser.requests(plan.site, state=state)
    try:
        if recording.traced:
            await requests.tracing.start(snapshots=True, sources=False)
    except BaseException:
        await requests.dispose()
        raise
    stage = Stage(plan.site, requests, plan.options.timeout_ms, guard=browser.guard)
    return AttemptPage(stage, recording, requests=requests)
