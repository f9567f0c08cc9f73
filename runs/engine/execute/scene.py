"""What one attempt plays on: a fresh context with a page, or for an api test only a way to send requests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runs.engine.artifacts import Kind, Masking, NotWritten, described, disk_problem, place
from runs.engine.browser import APIRequestContext, Browser, BrowserContext, Page, Watch, close_context, watch
from runs.engine.events import ArtifactFile
from runs.engine.plan import ShardPlan
from runs.engine.steps.base import Stage
from runs.engine.steps.document import Document

SCREENSHOT_SECONDS = 8
TRACE_SECONDS = 30
CLOSE_SECONDS = 2


@dataclass
class Scene:
    """An open place for steps. `watch` and `page` are missing in an api test."""

    stage: Stage
    context: BrowserContext | None = None
    page: Page | None = None
    watch: Watch | None = None
    requests: APIRequestContext | None = None
    traced: bool = False
    crashed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def browser_alive(self) -> bool:
        browser = self.context.browser if self.context else None
        return browser is None or browser.is_connected()

    async def screenshot(self, plan: ShardPlan, result: int, attempt: int) -> ArtifactFile | None:
        """What the page looks like; nothing when there is no page, or it cannot be pictured. Raises NotWritten."""
        if self.page is None or self.crashed.is_set() or self.page.is_closed():
            return None
        root = Path(plan.artifacts)
        async with _written(root, result, attempt, "screenshot") as path:
            await asyncio.wait_for(self.page.screenshot(path=path), SCREENSHOT_SECONDS)
        return described(root, path, "screenshot")

    async def trace(self, plan: ShardPlan, result: int, attempt: int, masking: Masking) -> ArtifactFile | None:
        """The recording without secrets; nothing when there is none, or it is not to be had. Raises NotWritten."""
        if not self.traced:
            return None
        self.traced = False
        root = Path(plan.artifacts)
        async with _written(root, result, attempt, "trace") as path:
            async with asyncio.timeout(TRACE_SECONDS):
                if self.context is not None:
                    await self.context.tracing.stop(path=path)
                elif self.requests is not None:
                    await self.requests.tracing.stop(path=path)
                await asyncio.to_thread(masking.archive, path)
        return described(root, path, "trace")

    async def close(self) -> None:
        if self.context is not None:
            await close_context(self.context)
        if self.requests is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self.requests.dispose(), CLOSE_SECONDS)


@contextlib.asynccontextmanager
async def _written(root: Path, result: int, attempt: int, kind: Kind) -> AsyncIterator[Path]:
    """Where to write a file. What goes wrong leaves no half of it, and is told only where the disk is to blame."""
    path = None
    try:
        path = await asyncio.to_thread(place, root, result, attempt, kind)
        yield path
    except Exception as error:
        if path is not None:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(path.unlink, missing_ok=True)
        reason = disk_problem(error)
        if reason is not None:
            raise NotWritten(reason) from error


class Exits:
    """Scenes on their way out: the next attempt need not wait until the last one's context is gone."""

    def __init__(self) -> None:
        self._closing: set[asyncio.Task[None]] = set()

    def close_later(self, scene: Scene) -> None:
        task = asyncio.ensure_future(scene.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def all_closed(self, seconds: float) -> None:
        if self._closing:
            await asyncio.wait(self._closing, timeout=seconds)


async def open_scene(
    browser: Browser, plan: ShardPlan, document: Document, state: dict[str, Any] | None, traced: bool
) -> Scene:
    """Open what the document needs; `state` is the storage state to start from."""
    if document.kind == "api":
        return await _open_requests(browser, plan, state, traced)
    context = await browser.context(plan.options, plan.site, state=state, allow_private=plan.allow_private)
    try:
        if traced:
            await context.tracing.start(screenshots=True, snapshots=True, sources=False)
        page = await context.new_page()
    except BaseException:
        await close_context(context)
        raise
    seen = watch(page, pending=document.watches_requests)
    stage = Stage(plan.site, context.request, plan.options.timeout_ms, opened=page, watching=seen)
    return Scene(stage, context, page, seen, traced=traced, crashed=seen.crashed)


async def _open_requests(browser: Browser, plan: ShardPlan, state: dict[str, Any] | None, traced: bool) -> Scene:
    requests = await browser.requests(plan.site, state=state, allow_private=plan.allow_private)
    try:
        if traced:
            await requests.tracing.start(snapshots=True, sources=False)
    except BaseException:
        await requests.dispose()
        raise
    return Scene(Stage(plan.site, requests, plan.options.timeout_ms), requests=requests, traced=traced)
