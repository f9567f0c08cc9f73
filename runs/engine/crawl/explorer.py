"""Crawl one shard of a site: pages in, a stream of what was seen out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from runs.engine.browser import (
    Browser,
    BrowserContext,
    Error,
    Page,
    SignInFailed,
    Watch,
    close_context,
    died,
    sign_in,
    watch,
)
from runs.engine.crawl.canonical import canonical
from runs.engine.crawl.frontier import FoundLink, Frontier
from runs.engine.crawl.robots import Robots
from runs.engine.crawl.scope import Scope, same_site
from runs.engine.crawl.seeds import read_welcome
from runs.engine.crawl.unreachable import Unvisited, authority, from_browser, too_slow
from runs.engine.crawl.visit import Visited, snapshot_of, visit
from runs.engine.events import Event, Log, PageFailed, PageVisited, Seeds
from runs.engine.netguard import Guard
from runs.engine.plan import CrawlPlan, PageWork

Pull = Callable[[], Awaitable[PageWork | None]]

PAGES_PER_CONTEXT = 50
SEEDS = 200
GRACE_SECONDS = 8
RECYCLED_AFTER = frozenset({"timeout", "crash"})


async def crawl(browser: Browser, plan: CrawlPlan, pull: Pull, *, first: bool) -> AsyncIterator[Event]:
    """Visit the pages that `pull` gives, `options.parallel` at once, until it gives None.

    Each page ends in one `PageVisited` or `PageFailed`. The shard with `first` also emits `Seeds`, once. Raises what
    `pull` raises, and `BrowserUnavailable`; when it is closed or cancelled, its contexts are closed within 2 s.
    """
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    exploring = asyncio.ensure_future(Explorer(browser, plan, events.put_nowait).explore(pull, first=first))
    exploring.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield event
        await exploring
    finally:
        exploring.cancel()
        await asyncio.gather(exploring, return_exceptions=True)


class Explorer:
    """What the slots of one shard share: scope, frontier, robots and the sign-in."""

    def __init__(self, browser: Browser, plan: CrawlPlan, emit: Callable[[Event], None]) -> None:
        self.browser = browser
        self.plan = plan
        self.emit = emit
        self.guard = Guard.of(plan.site.base_url, plan.allow_private)
        self.frontier = Frontier(Scope.of(plan.site.base_url, plan.options))
        self.robots = Robots()
        self.state: dict[str, Any] | None = None

    async def explore(self, pull: Pull, *, first: bool) -> None:
        await asyncio.gather(self._sign_in(), self._welcome(first))
        slots = [asyncio.ensure_future(Slot(self).run(pull)) for _ in range(self.plan.options.parallel)]
        try:
            await asyncio.gather(*slots)
        finally:
            for slot in slots:
                slot.cancel()
            await asyncio.gather(*slots, return_exceptions=True)

    async def _sign_in(self) -> None:
        site, options = self.plan.site, self.plan.options
        if site.credentials is None:
            return
        try:
            self.state = await sign_in(self.browser, site, options, allow_private=self.plan.allow_private)
            self.emit(Log("info", f"Signed in as {site.credentials.username}."))
        except SignInFailed as failure:
            self.emit(Log("warning", f"The crawl goes on without signing in: {failure}"))

    async def _welcome(self, first: bool) -> None:
        if not first and not self.plan.options.respect_robots:
            return
        welcome = await read_welcome(self.browser, self.plan, sitemaps=first)
        if self.plan.options.respect_robots:
            self.robots = welcome.robots
            if welcome.trouble:
                self.emit(Log("warning", welcome.trouble))
        if first:
            login = self.plan.site.credentials.login_url if self.plan.site.credentials else None
            found = [FoundLink(url, landmark="sitemap") for url in (login, *welcome.pages) if url]
            self.emit(Seeds(self.frontier.links(self.plan.site.base_url, found, depth=1)[:SEEDS]))

    async def context(self) -> BrowserContext:
        options = self.plan.options
        return await self.browser.context(
            options,
            self.plan.site,
            state=self.state,
            allow_private=self.plan.allow_private,
            read_only=options.read_only,
        )


class Slot:
    """One page at a time, in a context that is kept for many."""

    def __init__(self, explorer: Explorer) -> None:
        self._explorer = explorer
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self._visits = 0

    async def run(self, pull: Pull) -> None:
        try:
            while (work := await pull()) is not None:
                self._explorer.emit(await self._event(work))
        finally:
            await self._close()

    async def _event(self, work: PageWork) -> Event:
        if not self._explorer.robots.allows(work.url):
            message = f"robots.txt does not allow {work.url}; a crawl that does not respect robots.txt visits it."
            return PageFailed(work.page, "blocked", message)
        try:
            return await self._visited(work)
        except Unvisited as failure:
            if failure.category in RECYCLED_AFTER:
                await self._close()
            return PageFailed(work.page, failure.category, str(failure), failure.status)

    async def _visited(self, work: PageWork) -> PageVisited:
        try:
            return await self._within_deadline(work)
        except Error as error:
            await self._close()
            if not died(error):
                raise self._unvisited(work, error) from error
        try:
            return await self._within_deadline(work)
        except Error as error:
            raise self._unvisited(work, error) from error

    def _unvisited(self, work: PageWork, error: Error) -> Unvisited:
        return from_browser(work.url, error.message, self._explorer.plan.options.page_timeout_ms / 1000)

    async def _within_deadline(self, work: PageWork) -> PageVisited:
        explorer = self._explorer
        timeout_ms = explorer.plan.options.page_timeout_ms
        page, seen = await self._ready()
        try:
            async with asyncio.timeout(timeout_ms / 1000 + GRACE_SECONDS):
                visited = await visit(page, work.url, seen, explorer.guard, timeout_ms)
        except TimeoutError as error:
            raise too_slow(work.url, timeout_ms / 1000) from error
        return self._report(work, visited, seen)

    def _report(self, work: PageWork, visited: Visited, seen: Watch) -> PageVisited:
        explorer = self._explorer
        base_url = explorer.plan.site.base_url
        if not same_site(visited.url, base_url):
            where = authority(visited.url)
            raise Unvisited(
                "not_a_page", f"{work.url} leads to {where}, which is another site than {authority(base_url)}."
            )
        snapshot = snapshot_of(visited, seen, base_url, signed_in=explorer.state is not None)
        links = explorer.frontier.links(visited.url, visited.shown.links, work.depth + 1)
        return PageVisited(work.page, visited.url, canonical(visited.url), snapshot, links)

    async def _ready(self) -> tuple[Page, Watch]:
        """The slot's page, with a watch that starts at zero."""
        if self._visits >= PAGES_PER_CONTEXT:
            await self._close()
        if self._page is None or self._page.is_closed():
            await self._close()
            self._context = await self._explorer.context()
            self._page = await self._context.new_page()
            self._guard_against_surprises(self._context, self._page)
        self._visits += 1
        seen = watch(self._page)
        seen.forget_history()
        return self._page, seen

    def _guard_against_surprises(self, context: BrowserContext, page: Page) -> None:
        async def close_popup(other: Page) -> None:
            with contextlib.suppress(Error):
                await other.close()

        async def answer(dialog: Any) -> None:
            with contextlib.suppress(Error):
                await (dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())

        async def cancel(download: Any) -> None:
            with contextlib.suppress(Error):
                await download.cancel()

        context.on("page", close_popup)
        page.on("dialog", answer)
        page.on("download", cancel)

    async def _close(self) -> None:
        context, self._context, self._page, self._visits = self._context, None, None, 0
        if context is not None:
            await close_context(context)
