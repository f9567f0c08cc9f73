"""Crawl one shard of a site: pages in, a stream of what was seen out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from runs.engine.browser import (
    Browser,
    BrowserContext,
    Cast,
    Error,
    Frames,
    Page,
    SignInFailed,
    Watch,
    close_context,
    died,
    listen,
    sign_in,
    watch,
)
from runs.engine.crawl.canonical import canonical
from runs.engine.crawl.frontier import Frontier, listed_in_sitemap
from runs.engine.crawl.robots import Robots
from runs.engine.crawl.scope import Scope, same_site
from runs.engine.crawl.searches import Searches
from runs.engine.crawl.seeds import read_welcome
from runs.engine.crawl.unreachable import Unvisited, authority, from_browser, too_slow
from runs.engine.crawl.visit import Visited, snapshot_of, visit
from runs.engine.events import Event, Link, Log, PageFailed, PageVisited, Seeds
from runs.engine.netguard import Guard
from runs.engine.plan import CrawlPlan, PageWork

Pull = Callable[[], Awaitable[PageWork | None]]

PAGES_PER_CONTEXT = 50
SEEDS = 200
GRACE_SECONDS = 5
OPENING_SECONDS = 1
CLOSED = (401, 403)
RECYCLED_AFTER = frozenset({"timeout", "crash"})


async def crawl(
    browser: Browser, plan: CrawlPlan, pull: Pull, *, first: bool, frames: Frames | None = None
) -> AsyncIterator[Event]:
    """Visit the pages that `pull` gives, `options.parallel` at once, until it gives None.

    Each page ends in one `PageVisited` or `PageFailed`. The shard with `first` also emits `Seeds`, once. `frames` is
    shown the pages in use while it wants them. Raises what `pull` raises, and `BrowserUnavailable`; when it is closed
    or cancelled, its contexts are closed within 2 s.
    """
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    explorer = Explorer(browser, plan, events.put_nowait, Cast(frames))
    exploring = asyncio.ensure_future(explorer.explore(pull, first=first))
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

    def __init__(self, browser: Browser, plan: CrawlPlan, emit: Callable[[Event], None], cast: Cast) -> None:
        self.browser = browser
        self.plan = plan
        self.emit = emit
        self.cast = cast
        self.guard = Guard.of(plan.site.base_url, plan.allow_private)
        self.frontier = Frontier(Scope.of(plan.site.base_url, plan.options))
        self.searches = Searches()
        self.robots = Robots()
        self.state: dict[str, Any] | None = None

    async def explore(self, pull: Pull, *, first: bool) -> None:
        await together(self._sign_in(), self._welcome(first))
        async with self.cast:
            await together(*(Slot(self, number).run(pull) for number in range(self.plan.options.parallel)))

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
            if first and welcome.trouble:
                self.emit(Log("warning", welcome.trouble))
        if first:
            login = self.plan.site.credentials.login_url if self.plan.site.credentials else None
            found = listed_in_sitemap(url for url in (login, *welcome.pages) if url)
            self.emit(Seeds(self.frontier.links(self.plan.site.base_url, found, depth=1)[:SEEDS]))

    async def context(self, state: dict[str, Any] | None) -> BrowserContext:
        """A context; when this is cancelled while the browser is making it, it is closed all the same."""
        site, options, private = self.plan.site, self.plan.options, self.plan.allow_private
        opening = asyncio.ensure_future(
            self.browser.context(options, site, state=state, allow_private=private, read_only=options.read_only)
        )
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await close_context(await asyncio.wait_for(opening, OPENING_SECONDS))
            raise

    def owns(self, url: str) -> bool:
        """Whether an address belongs to the site."""
        return same_site(url, self.plan.site.base_url)

    def report(self, work: PageWork, visited: Visited, seen: Watch, *, signed_in: bool) -> PageVisited:
        """Raises `Unvisited` for a page of another site."""
        base_url = self.plan.site.base_url
        if not same_site(visited.url, base_url):
            where = f"{authority(visited.url)}, which is another site than {authority(base_url)}"
            raise Unvisited("not_a_page", f"{work.url} leads to {where}.")
        snapshot = snapshot_of(visited, seen, signed_in=signed_in)
        found = [*visited.shown.links, *self.searches.links(snapshot.forms, snapshot.actions)]
        links = self.frontier.links(visited.url, found, work.depth + 1)
        return PageVisited(work.page, visited.url, canonical(visited.url), snapshot, links)


class Slot:
    """One page at a time, in a context that is kept for many."""

    def __init__(self, explorer: Explorer, number: int) -> None:
        self._explorer = explorer
        self._number = number
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
        except Unvisited:
            raise
        except Exception as error:
            await self._close()
            if isinstance(error, Error) and not died(error):
                raise self._unvisited(work, error) from error
            if not died(error):  # the end of the driver is no error of Playwright's own kind
                raise
        try:
            return await self._within_deadline(work)
        except Error as error:
            raise self._unvisited(work, error) from error

    def _unvisited(self, work: PageWork, error: Error) -> Unvisited:
        return from_browser(work.url, error.message, self._explorer.plan.options.page_timeout_ms / 1000)

    async def _within_deadline(self, work: PageWork) -> PageVisited:
        timeout_ms = self._explorer.plan.options.page_timeout_ms
        try:
            async with asyncio.timeout(timeout_ms / 1000 + GRACE_SECONDS):
                return await self._look(work)
        except TimeoutError as error:
            raise too_slow(work.url, timeout_ms / 1000) from error

    async def _look(self, work: PageWork) -> PageVisited:
        explorer = self._explorer
        signed_in = explorer.state is not None
        page, seen = await self._ready()
        explorer.cast.follow(self._number, work.url, page)
        try:
            visited = await visit(page, work.url, seen, explorer.guard, explorer.plan.options.page_timeout_ms)
        except Unvisited as failure:
            stranger = await self._as_stranger(work) if signed_in and failure.status in CLOSED else None
            if stranger is None:
                raise
            return stranger
        seen_signed_in = explorer.report(work, visited, seen, signed_in=signed_in)
        if not signed_in or not (moved(work, visited) or work.depth == 0):
            return seen_signed_in
        stranger = await self._as_stranger(work)
        if stranger is None or moved(work, visited):
            return stranger or seen_signed_in
        return replace(seen_signed_in, links=(*seen_signed_in.links, *new_links(stranger, seen_signed_in)))

    async def _as_stranger(self, work: PageWork) -> PageVisited | None:
        """The page as one sees it who is not signed in, or None when the site leads such a visitor elsewhere."""
        explorer = self._explorer
        context = await explorer.context(None)
        try:
            page = await self._open(context)
            seen = watch(page)
            visited = await visit(page, work.url, seen, explorer.guard, explorer.plan.options.page_timeout_ms)
            return None if moved(work, visited) else explorer.report(work, visited, seen, signed_in=False)
        except (Unvisited, Error):
            return None
        finally:
            await close_context(context)

    async def _ready(self) -> tuple[Page, Watch]:
        """The slot's page, with a watch that starts at zero."""
        if self._visits >= PAGES_PER_CONTEXT:
            await self._close()
        if self._page is None or self._page.is_closed():
            await self._close()
            self._context = await self._explorer.context(self._explorer.state)
            self._page = await self._open(self._context)
        self._visits += 1
        seen = watch(self._page)
        seen.forget_history()
        return self._page, seen

    async def _open(self, context: BrowserContext) -> Page:
        """A page that dialogs, popups and downloads cannot hold up."""
        page = await context.new_page()
        listen(page, self._explorer.owns)
        context.on("page", _close_popup)
        page.on("dialog", _answer)
        page.on("download", _cancel)
        return page

    async def _close(self) -> None:
        context, self._context, self._page, self._visits = self._context, None, None, 0
        if context is not None:
            await close_context(context)


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


def new_links(of: PageVisited, beside: PageVisited) -> list[Link]:
    known = {link.key for link in beside.links}
    return [link for link in of.links if link.key not in known]


def moved(work: PageWork, visited: Visited) -> bool:
    """Whether the site led from the address that was asked for to another."""
    return canonical(visited.url) != canonical(work.url)


async def _close_popup(page: Page) -> None:
    with contextlib.suppress(Error):
        await page.close()


async def _answer(dialog: Any) -> None:
    with contextlib.suppress(Error):
        await (dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())


async def _cancel(download: Any) -> None:
    with contextlib.suppress(Error):
        await download.cancel()
