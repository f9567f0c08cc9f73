"""One page at a time, whatever it is: opened, reached by its steps, as its role or as a stranger."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from runs.engine.browser import (
    BrowserContext,
    BrowserUnavailable,
    Error,
    Page,
    PageWatch,
    SignInFailed,
    Writes,
    asked_for,
    close_context,
    listen,
    watch,
)
from runs.engine.crawl.actions import key_of
from runs.engine.crawl.canonical import canonical
from runs.engine.crawl.explorer import Explorer
from runs.engine.crawl.offers import listening
from runs.engine.crawl.page_visit import Visited, visit
from runs.engine.crawl.reaching import Arrival, Tab
from runs.engine.crawl.unreachable import Unvisited, broken, from_browser, too_slow
from runs.engine.deaths import browser_gone
from runs.engine.events import Cleaned, Event, Link, Log, PageFailed, PageVisited, Wrote
from runs.engine.netguard import Blocked
from runs.engine.plan import ACCOUNT, VISITOR, PageWork
from runs.engine.steps.base import Step
from runs.engine.traffic import blanked

log = logging.getLogger(__name__)
Pull = Callable[[], Awaitable[PageWork | None]]

# A fresh context is a fresh renderer process: so many pages share its cost (docs/performance.md).
PAGES_PER_CONTEXT = 50
GRACE_SECONDS = 5
CLEANING_SECONDS = 20
POPUPS = 5
CLOSED = (401, 403)
RECYCLED_AFTER = frozenset({"timeout", "crash"})


class SessionOver(Exception):
    """A state was not reached because its role's session was over; the role is signed in anew."""


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
                self._explorer.emit(await self._event_or_failure(work))
        finally:
            await self._close()

    async def _event_or_failure(self, work: PageWork) -> Event:
        """What breaks us on one page speaks against that one alone; what ends the browser ends the shard."""
        try:
            event = await self._event(work)
            # Answers that come once the next page has begun would be told as that page's (`_because`).
            await self._writes.finish()
        except BrowserUnavailable:
            raise
        except Exception as error:
            if browser_gone(error):
                raise
            self._explorer.accounts.masking.error(error)
            log.exception("page %s of the frontier broke", work.page)
            failure = broken(work.url, error)
            return PageFailed(work.page, failure.category, str(failure))
        return event

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
            if not failure.passing:
                self._explorer.history.learn(key_of(work), "nothing", work.role)
            return PageFailed(
                work.page,
                failure.category,
                str(failure),
                failure.status,
                failure.step,
                passing=failure.passing,
                wait=failure.wait,
            )

    async def _visited(self, work: PageWork) -> PageVisited:
        try:
            return await self._within_deadline(work)
        except Unvisited:
            raise
        except Exception as error:
            await self._close()
            if not browser_gone(error):
                raise self._unvisited(work, error) from error
        try:
            return await self._within_deadline(work)
        except Unvisited:
            raise
        except Exception as error:
            # The end of the driver is none of Playwright's own kind.
            if browser_gone(error) and not isinstance(error, Error):
                raise
            raise self._unvisited(work, error) from error

    def _unvisited(self, work: PageWork, error: Exception) -> Unvisited:
        """What an error means for its page. Raises `BrowserUnavailable` and `Blocked`, which are no page's."""
        if isinstance(error, BrowserUnavailable | Blocked):
            raise error
        if isinstance(error, Error):
            return from_browser(work.url, error.message, self._explorer.plan.options.page_timeout_ms / 1000)
        self._explorer.accounts.masking.error(error)
        log.error("page %s of the frontier broke: %s", work.page, work.url, exc_info=error)
        return broken(work.url, error)

    async def _within_deadline(self, work: PageWork) -> PageVisited:
        options = self._explorer.plan.options
        # A step is done and then waited for, each within the action timeout.
        steps_ms = 2 * len(work.path) * options.action_timeout_ms
        seconds = (options.page_timeout_ms + steps_ms) / 1000
        await self._explorer.state(work.role, work.url)
        try:
            async with asyncio.timeout(seconds + GRACE_SECONDS + (CLEANING_SECONDS if work.path else 0)) as self._limit:
                return await (self._reach(work) if work.path else self._look(work))
        except TimeoutError as error:
            raise too_slow(work.url, seconds) from error

    async def _reach(self, work: PageWork) -> PageVisited:
        """The state behind the path; once more where the role's session was over, or the way there was lost."""
        try:
            return await self._reached(work, renews=True)
        except SessionOver:
            return await self._reached(work)
        except Unvisited as failure:
            # That the last step cannot be done is the answer; those before it worked when the state was found.
            if failure.step is None or failure.step >= len(work.path) - 1:
                raise
            return await self._reached(work)

    async def _reached(self, work: PageWork, *, renews: bool = False) -> PageVisited:
        """The state in a context of its own: what it changes stays with it. With `renews` raises `SessionOver`."""
        explorer = self._explorer
        if explorer.exploring is None:
            raise ValueError("only a crawl of states has pages with paths")
        role = explorer.signs_in_as(work.role)
        state = await explorer.state(work.role, work.url)
        context = await explorer.context(explorer.plan.site.seen_as(role), state)
        self._popups.clear()
        try:
            page = await self._open(context)
            tab, steps = Tab(page, watch(page), self._writes, self._turn), explorer.exploring.steps(work)
            reach = partial(explorer.exploring.reach, tab, work, steps)
            explorer.screencast.follow(self._number, work.url, page)
            sent = self._writes.seen
            try:
                reached = await (self._still_in(reach, tab, work, state) if renews else reach())
                led_to = (reached.visited.url, *self._popups)
                event = explorer.report(work, reached.visited, tab.seen, signed_in=role != VISITOR, led_to=led_to)
                event = await explorer.exploring.with_actions(page, work, event, reached)
                explorer.learn(work, event, wrote=reached.wrote)
            except Exception:
                if self._writes.seen > sent:
                    await self._clean(tab, work, steps)
                raise
            if self._writes.seen > sent:
                await self._clean(tab, work, steps)
            return event
        finally:
            await close_context(context)

    async def _still_in(
        self, reach: Callable[[], Awaitable[Arrival]], tab: Tab, work: PageWork, state: dict[str, Any] | None
    ) -> Arrival:
        """Raises `SessionOver` where the role was signed in anew because this way led to the sign-in page."""
        try:
            reached = await reach()
        except Unvisited as failure:
            suspect = failure.status in CLOSED or failure.category == "unstable"
            if suspect and await self._signed_in_anew(work, state):
                raise SessionOver from failure
            raise
        if moved(work, reached.visited) and await asked_for(tab.page) and await self._signed_in_anew(work, state):
            raise SessionOver
        return reached

    async def _turn(self, *limits: asyncio.Timeout) -> None:
        """Waiting is no part of the time that a page is given."""
        await self._explorer.pace.turn(self._limit, *limits)

    async def _clean(self, tab: Tab, work: PageWork, steps: Sequence[Step]) -> None:
        exploring, options = self._explorer.exploring, self._explorer.plan.options
        gone = tab.page.is_closed() or tab.seen.crashed.is_set()
        if exploring is None or gone or not options.clean_up or options.read_only:
            return
        await self._writes.finish()
        self._because = work.page, f"Remove again what came of “{work.action}”"
        tab.page.remove_listener("dialog", _answer)
        tab.page.on("dialog", _agree)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLEANING_SECONDS) as limit:
                if await exploring.cleaned(replace(tab, turn=partial(self._turn, limit)), work, steps):
                    self._explorer.emit(Cleaned(work.page, work.action))

    def _wrote(self, method: str, url: str, status: int | None, held_back: bool) -> None:
        page, because = self._because
        self._explorer.emit(Wrote(method, blanked(url), status, held_back, because, page))

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
            explorer.learn(work, stranger)
            return stranger
        seen_signed_in = explorer.report(work, visited, seen, signed_in=signed_in)
        if explorer.exploring is not None and self._page is not None:
            seen_signed_in = await explorer.exploring.with_actions(self._page, work, seen_signed_in)
        explorer.learn(work, seen_signed_in)
        # What only visitors see is looked for on the first page, and where the signed-in are led elsewhere.
        if not own or not (moved(work, visited) or work.depth == 0):
            return seen_signed_in
        stranger = await self._as_stranger(work)
        if stranger is None or moved(work, visited):
            return stranger or seen_signed_in
        return replace(seen_signed_in, links=(*seen_signed_in.links, *new_links(stranger, seen_signed_in)))

    async def _opened(self, work: PageWork) -> tuple[Visited, PageWatch]:
        """The page as its role sees it; opened once more where the role's session turns out to be over."""
        try:
            visited, seen = await self._visit(work)
        except Unvisited as failure:
            if failure.status not in CLOSED or not await self._signed_in_anew(work, self._state):
                raise
        else:
            page = self._page
            suspect = page is not None and moved(work, visited) and await asked_for(page)
            if not suspect or not await self._signed_in_anew(work, self._state):
                return visited, seen
        await self._turn()
        return await self._visit(work)

    async def _visit(self, work: PageWork) -> tuple[Visited, PageWatch]:
        explorer = self._explorer
        page, seen = await self._ready(work)
        explorer.screencast.follow(self._number, work.url, page)
        before = self._writes.seen
        visited = await visit(page, work.url, seen, explorer.guard, explorer.plan.options.page_timeout_ms)
        if explorer.exploring is not None:
            explorer.exploring.opened(self._writes.kinds[before:])
        return visited, seen

    async def _signed_in_anew(self, work: PageWork, state: dict[str, Any] | None) -> bool:
        """Signing in takes its own time, not the page's."""
        explorer = self._explorer
        left = (self._limit.when() or 0.0) - asyncio.get_running_loop().time()
        self._limit.reschedule(None)
        try:
            return await explorer.accounts.renewed(explorer.signs_in_as(work.role), state)
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
            await self._turn()
            visited = await visit(page, work.url, seen, explorer.guard, explorer.plan.options.page_timeout_ms)
            return None if moved(work, visited) else explorer.report(work, visited, seen, signed_in=False)
        except (Unvisited, Error):
            return None
        finally:
            await close_context(context)

    async def _ready(self, work: PageWork) -> tuple[Page, PageWatch]:
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
        elif self._context is not None:
            await _forget_visits(self._context, state)
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


async def _forget_visits(context: BrowserContext, state: dict[str, Any] | None) -> None:
    """Drops the cookies that pages have set beside those of the session, whose values may have changed since.

    A list of what was viewed last, or a language that a link has chosen, would show the next page otherwise than a
    crawl sees it that comes there another way.
    """
    # A context for each page would lose the cache, and sessions that are renewed with every answer.
    names = {cookie["name"] for cookie in state["cookies"]} if state else set()
    for cookie in await context.cookies():
        if cookie["name"] not in names:
            await context.clear_cookies(name=cookie["name"], domain=cookie["domain"], path=cookie["path"])


def new_links(visited: PageVisited, beside: PageVisited) -> list[Link]:
    known = {link.key for link in beside.links}
    return [link for link in visited.links if link.key not in known]


def moved(work: PageWork, visited: Visited) -> bool:
    """Whether the site led from the address that was asked for to another."""
    return canonical(visited.url) != canonical(work.url)


async def _answer(dialog: Any) -> None:
    with contextlib.suppress(Error):
        # Dismissed, `beforeunload` keeps the page, and the navigation away from it fails.
        await (dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())


async def _agree(dialog: Any) -> None:
    with contextlib.suppress(Error):
        await dialog.accept()


async def _cancel(download: Any) -> None:
    with contextlib.suppress(Error):
        await download.cancel()
