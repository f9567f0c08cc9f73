"""Crawl one shard of a site: pages in, a stream of what was seen out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from runs.engine.browser import (
    Accounts,
    Browser,
    BrowserContext,
    Cast,
    Error,
    Frames,
    Page,
    Request,
    SignInFailed,
    Watch,
    Writes,
    asked_for,
    close_context,
    died,
    listen,
    watch,
)
from runs.engine.crawl.canonical import canonical
from runs.engine.crawl.exploring import Exploring
from runs.engine.crawl.frontier import FoundLink, Frontier, listed_in_sitemap
from runs.engine.crawl.offers import listening
from runs.engine.crawl.pace import Pace
from runs.engine.crawl.reaching import Reached
from runs.engine.crawl.robots import Robots
from runs.engine.crawl.scope import Scope, same_site
from runs.engine.crawl.searches import Searches
from runs.engine.crawl.seeds import read_welcome
from runs.engine.crawl.unreachable import Unvisited, authority, from_browser, too_slow
from runs.engine.crawl.visit import Visited, snapshot_of, visit
from runs.engine.events import Cleaned, Event, Link, Log, PageFailed, PageVisited, Seeds, Wrote
from runs.engine.netguard import Guard
from runs.engine.plan import ACCOUNT, VISITOR, CrawlPlan, PageWork, Site

Pull = Callable[[], Awaitable[PageWork | None]]

PAGES_PER_CONTEXT = 50
SEEDS = 200
GRACE_SECONDS = 5
CLEANING_SECONDS = 20
POPUPS = 5
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
        self.pace = Pace(plan.options.requests_per_second)
        states = plan.options.mode == "states"
        self.exploring = Exploring(plan, self.guard, self.frontier, self.pace) if states else None
        self.accounts = Accounts(browser, plan.site, plan.options, allow_private=plan.allow_private, emit=emit)
        self.open_to_all = plan.site.credentials is None

    async def explore(self, pull: Pull, *, first: bool) -> None:
        await together(self._sign_in(), self._welcome(first))
        async with self.cast:
            await together(*(Slot(self, number).run(pull) for number in range(self.plan.options.parallel)))

    async def _sign_in(self) -> None:
        """As whom the crawl begins; a role that cannot be had is tried once more with its first page."""
        roles = [role for role in self.plan.options.roles if role != VISITOR]
        if not self.plan.options.roles and self.plan.site.credentials is not None:
            roles = [ACCOUNT]
        await asyncio.gather(*(self._sign_in_as(role) for role in roles))

    async def _sign_in_as(self, role: str) -> None:
        try:
            await self.accounts.state(role)
        except SignInFailed as failure:
            self.open_to_all = not self.plan.options.roles
            told = "goes on without signing in" if self.open_to_all else f"could not sign in as {role}"
            self.emit(Log("warning", f"The crawl {told}: {failure}"))
        else:
            account = self.plan.site.credentials
            self.emit(Log("info", f"Signed in as {account.username if account and role == ACCOUNT else role}."))

    def signs_in_as(self, role: str) -> str:
        """The account behind a role of the frontier: the crawl's own is the project's, where there is one to be had."""
        return role or (VISITOR if self.open_to_all else ACCOUNT)

    async def state(self, role: str, url: str) -> dict[str, Any] | None:
        """Raises `Unvisited` where nobody can sign in as the role."""
        try:
            return await self.accounts.state(self.signs_in_as(role))
        except SignInFailed as failure:
            raise Unvisited("blocked", f"{url} was not opened as {role}: {failure}") from failure

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

    async def context(self, site: Site, state: dict[str, Any] | None) -> BrowserContext:
        """A context; when this is cancelled while the browser is making it, it is closed all the same."""
        options, private = self.plan.options, self.plan.allow_private
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

    def report(
        self, work: PageWork, visited: Visited, seen: Watch, *, signed_in: bool, led_to: Iterable[str] = ()
    ) -> PageVisited:
        """Raises `Unvisited` for a page of another site. `led_to` are addresses that were met on the way."""
        base_url = self.plan.site.base_url
        if not same_site(visited.url, base_url):
            where = f"{authority(visited.url)}, which is another site than {authority(base_url)}"
            raise Unvisited("not_a_page", f"{work.url} leads to {where}.")
        snapshot = snapshot_of(visited, seen, signed_in=signed_in)
        snapshot = snapshot.model_copy(update={"role": "" if work.role == VISITOR else work.role})
        found = [*visited.shown.links, *self.searches.links(snapshot.forms, snapshot.actions)]
        found += [FoundLink(url, work.action) for url in led_to]
        links = self.frontier.links(work.url if work.path else visited.url, found, work.depth + 1)
        key = canonical(visited.url)
        signature = visited.shown.signature.model_copy(update={"place": self.frontier.place(key)})
        return PageVisited(work.page, visited.url, key, snapshot, links, signature.model_dump(mode="json"))


class Slot:
    """One page at a time, in a context that is kept for many."""

    def __init__(self, explorer: Explorer, number: int) -> None:
        self._explorer = explorer
        self._number = number
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self._role = ""
        self._state: dict[str, Any] | None = None
        self._limit = asyncio.timeout(None)
        self._visits = 0
        self._writes = Writes(self._wrote)
        self._because: tuple[int, str] = (0, "")
        self._popups: list[str] = []

    async def run(self, pull: Pull) -> None:
        try:
            while (work := await pull()) is not None:
                self._because = work.page, work.action or "Open the page"
                event = await self._event(work)
                await self._writes.finish()
                self._explorer.emit(event)
        finally:
            await self._close()

    async def _event(self, work: PageWork) -> Event:
        if not self._explorer.robots.allows(work.url):
            message = f"robots.txt does not allow {work.url}; a crawl that does not respect robots.txt visits it."
            return PageFailed(work.page, "blocked", message)
        await self._explorer.pace.turn()
        try:
            return await self._visited(work)
        except Unvisited as failure:
            if failure.category in RECYCLED_AFTER:
                await self._close()
            return PageFailed(work.page, failure.category, str(failure), failure.status, failure.step)

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
        options = self._explorer.plan.options
        steps_ms = 2 * len(work.path) * options.action_timeout_ms
        seconds = (options.page_timeout_ms + steps_ms) / 1000 + GRACE_SECONDS
        await self._explorer.state(work.role, work.url)
        try:
            async with asyncio.timeout(seconds + (CLEANING_SECONDS if work.path else 0)) as self._limit:
                return await (self._reach(work) if work.path else self._look(work))
        except TimeoutError as error:
            raise too_slow(work.url, seconds) from error

    async def _reach(self, work: PageWork) -> PageVisited:
        """The state behind the work's path, in a context of its own: what it changes stays with it."""
        explorer = self._explorer
        if explorer.exploring is None:
            raise ValueError("only a crawl of states has pages with paths")
        role = explorer.signs_in_as(work.role)
        context = await explorer.context(explorer.plan.site.seen_as(role), await explorer.state(work.role, work.url))
        self._popups.clear()
        try:
            page = await self._open(context)
            seen = watch(page)
            explorer.cast.follow(self._number, work.url, page)
            reached = await explorer.exploring.reach(context, page, work, seen, self._writes)
            led_to = (reached.visited.url, *self._popups)
            event = explorer.report(work, reached.visited, seen, signed_in=role != VISITOR, led_to=led_to)
            event = await explorer.exploring.with_actions(page, work, event, reached)
            if explorer.plan.options.clean_up and not explorer.plan.options.read_only:
                await self._clean(explorer.exploring, page, work, reached)
            return event
        finally:
            await close_context(context)

    async def _clean(self, exploring: Exploring, page: Page, work: PageWork, reached: Reached) -> None:
        await self._writes.finish()
        self._because = work.page, f"Remove again what came of “{work.action}”"
        page.remove_listener("dialog", _answer)
        page.on("dialog", _agree)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLEANING_SECONDS):
                if await exploring.cleaned(page, work, reached, self._writes):
                    self._explorer.emit(Cleaned(work.page, work.action))

    def _wrote(self, request: Request, status: int | None, held_back: bool) -> None:
        page, because = self._because
        self._explorer.emit(Wrote(request.method, request.url, status, held_back, because, page))

    async def _look(self, work: PageWork) -> PageVisited:
        explorer = self._explorer
        signed_in = explorer.signs_in_as(work.role) != VISITOR
        own = signed_in and not work.role
        try:
            visited, seen = await self._opened(work)
        except Unvisited as failure:
            stranger = await self._as_stranger(work) if own and failure.status in CLOSED else None
            if stranger is None:
                raise
            return stranger
        seen_signed_in = explorer.report(work, visited, seen, signed_in=signed_in)
        if explorer.exploring is not None and self._page is not None:
            seen_signed_in = await explorer.exploring.with_actions(self._page, work, seen_signed_in)
        if not own or not (moved(work, visited) or work.depth == 0):
            return seen_signed_in
        stranger = await self._as_stranger(work)
        if stranger is None or moved(work, visited):
            return stranger or seen_signed_in
        return replace(seen_signed_in, links=(*seen_signed_in.links, *new_links(stranger, seen_signed_in)))

    async def _opened(self, work: PageWork) -> tuple[Visited, Watch]:
        """The page as its role sees it; opened once more where the role's session turns out to be over."""
        try:
            visited, seen = await self._visit(work)
        except Unvisited as failure:
            if failure.status not in CLOSED or not await self._signed_in_anew(work):
                raise
        else:
            page = self._page
            suspect = page is not None and moved(work, visited) and await asked_for(page)
            if not suspect or not await self._signed_in_anew(work):
                return visited, seen
        return await self._visit(work)

    async def _visit(self, work: PageWork) -> tuple[Visited, Watch]:
        explorer = self._explorer
        page, seen = await self._ready(work)
        explorer.cast.follow(self._number, work.url, page)
        return await visit(page, work.url, seen, explorer.guard, explorer.plan.options.page_timeout_ms), seen

    async def _signed_in_anew(self, work: PageWork) -> bool:
        """Signing in takes its own time, not the page's."""
        explorer = self._explorer
        left = (self._limit.when() or 0.0) - asyncio.get_running_loop().time()
        self._limit.reschedule(None)
        try:
            return await explorer.accounts.renewed(explorer.signs_in_as(work.role), self._state)
        except SignInFailed as failure:
            explorer.emit(Log("warning", f"The session of {work.role or ACCOUNT} is over: {failure}"))
            return False
        finally:
            self._limit.reschedule(asyncio.get_running_loop().time() + left)

    async def _as_stranger(self, work: PageWork) -> PageVisited | None:
        """The page as one sees it who is not signed in, or None when the site leads such a visitor elsewhere."""
        explorer = self._explorer
        context = await explorer.context(explorer.plan.site, None)
        try:
            page = await self._open(context)
            seen = watch(page)
            visited = await visit(page, work.url, seen, explorer.guard, explorer.plan.options.page_timeout_ms)
            return None if moved(work, visited) else explorer.report(work, visited, seen, signed_in=False)
        except (Unvisited, Error):
            return None
        finally:
            await close_context(context)

    async def _ready(self, work: PageWork) -> tuple[Page, Watch]:
        """The slot's page, in a context of the work's role and present session, with a watch that starts at zero."""
        explorer = self._explorer
        state = await explorer.state(work.role, work.url)
        if self._visits >= PAGES_PER_CONTEXT or self._role != work.role or self._state is not state:
            await self._close()
        if self._page is None or self._page.is_closed():
            await self._close()
            site = explorer.plan.site.seen_as(explorer.signs_in_as(work.role))
            self._context = await explorer.context(site, state)
            self._page = await self._open(self._context)
            self._role, self._state = work.role, state
        self._visits += 1
        seen = watch(self._page)
        seen.forget_history()
        return self._page, seen

    async def _open(self, context: BrowserContext) -> Page:
        """A page that dialogs, popups and downloads cannot hold up."""
        self._writes.follow(context)
        if self._explorer.exploring is not None:
            await context.add_init_script(listening())
        page = await context.new_page()
        listen(page, self._explorer.owns)
        context.on("page", self._close_popup)
        page.on("dialog", _answer)
        page.on("download", _cancel)
        return page

    async def _close_popup(self, page: Page) -> None:
        if len(self._popups) < POPUPS:
            self._popups.append(page.url)
        with contextlib.suppress(Error):
            await page.close()

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


async def _answer(dialog: Any) -> None:
    with contextlib.suppress(Error):
        await (dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())


async def _agree(dialog: Any) -> None:
    with contextlib.suppress(Error):
        await dialog.accept()


async def _cancel(download: Any) -> None:
    with contextlib.suppress(Error):
        await download.cancel()
