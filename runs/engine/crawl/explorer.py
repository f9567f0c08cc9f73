"""What the slots of one shard of a crawl share, and how it begins."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from runs.engine.browser import (
    Accounts,
    Browser,
    BrowserContext,
    ClaimCode,
    Pace,
    PageWatch,
    Screencast,
    SignInFailed,
    close_context,
)
from runs.engine.crawl.actions import key_of
from runs.engine.crawl.canonical import canonical
from runs.engine.crawl.exploring import Exploring
from runs.engine.crawl.found_links import FoundLink, Frontier, listed_in_sitemap
from runs.engine.crawl.page_visit import Visited, snapshot_of
from runs.engine.crawl.robots import Robots
from runs.engine.crawl.scope import Scope, same_site
from runs.engine.crawl.score import History
from runs.engine.crawl.searches import Searches
from runs.engine.crawl.seeds import read_welcome
from runs.engine.crawl.unreachable import Unvisited, authority
from runs.engine.events import Event, Log, PageVisited, Seeds, WithoutAccount
from runs.engine.passing import troubles
from runs.engine.plan import ACCOUNT, VISITOR, CrawlPlan, PageWork, Site

SEEDS = 200
OPENING_SECONDS = 1


class Explorer:
    """What the slots of one shard share: scope, frontier, robots and the sign-in."""

    def __init__(
        self,
        browser: Browser,
        plan: CrawlPlan,
        emit: Callable[[Event], None],
        screencast: Screencast,
        claim_code: ClaimCode | None = None,
    ) -> None:
        self.browser = browser
        self.plan = plan
        self.emit = emit
        self.screencast = screencast
        self.guard = browser.guard
        self.history = History()
        self.frontier = Frontier(Scope.for_crawl(plan.site.base_url, plan.options), self.history)
        self.searches = Searches(plan.earlier_searches)
        self.robots = Robots()
        self.pace = Pace(plan.options.requests_per_second)
        states = plan.options.mode == "states"
        self.exploring = Exploring(plan, self.guard, self.frontier, self.history) if states else None
        self.accounts = Accounts(browser, plan.site, plan.options, emit=emit, claim_code=claim_code)
        self.open_to_all = plan.site.credentials is None

    async def sign_in(self) -> None:
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
            if self.open_to_all:
                self.emit(WithoutAccount())
            consequence = "goes on without signing in" if self.open_to_all else f"could not sign in as {role}"
            self.emit(Log("warning", f"The crawl {consequence}: {failure}"))
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
            raise Unvisited("sign_in", f"{url} was not opened as {role}: {failure}") from failure

    async def welcome(self, first: bool) -> None:
        """Reads what the site says to robots, and tells where the crawl begins if the shard is the first."""
        if not first and not self.plan.options.respect_robots:
            return
        welcome = await read_welcome(self.browser, self.plan, sitemaps=first)
        if self.plan.options.respect_robots:
            self.robots = welcome.robots
            if first and welcome.trouble:
                self.emit(Log("warning", welcome.trouble))
        if first:
            for sentence in welcome.unread:
                self.emit(Log("warning", sentence))
            login = self.plan.site.credentials.login_url if self.plan.site.credentials else None
            found = listed_in_sitemap(url for url in (login, *welcome.pages) if url)
            self.emit(Seeds(self.frontier.links(self.plan.site.base_url, found, depth=1)[:SEEDS]))

    async def context(self, site: Site, state: dict[str, Any] | None) -> BrowserContext:
        """A context; when this is cancelled while the browser is making it, it is closed all the same."""
        options = self.plan.options
        opening = asyncio.ensure_future(self.browser.context(options, site, state=state, read_only=options.read_only))
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
        self, work: PageWork, visited: Visited, seen: PageWatch, *, signed_in: bool, led_to: Iterable[str] = ()
    ) -> PageVisited:
        """Raises `Unvisited` for a page of another site. `led_to` are addresses that were met on the way."""
        base_url = self.plan.site.base_url
        if not same_site(visited.url, base_url):
            where = f"{authority(visited.url)}, which is another site than {authority(base_url)}"
            raise Unvisited("not_a_page", f"{work.url} leads to {where}.")
        snapshot = snapshot_of(visited, seen, signed_in=signed_in)
        snapshot = snapshot.model_copy(update={"role": "" if work.role == VISITOR else work.role})
        found = [*visited.shown.links, *self.searches.links(snapshot.forms, snapshot.actions, work.role)]
        found += [FoundLink(url, work.action) for url in led_to]
        # A page is no link of its own. A state's page is where its path begins: where it ended is a link (`led_to`).
        links = self.frontier.links(work.url if work.path else visited.url, found, work.depth + 1)
        key = canonical(visited.url)
        signature = visited.shown.signature.model_copy(update={"place": self.frontier.place(key)})
        passing_troubles = troubles(seen.requests, base_url)
        return PageVisited(
            work.page, visited.url, key, snapshot, links, signature.model_dump(mode="json"), passing_troubles
        )

    def learn(self, work: PageWork, event: PageVisited, *, wrote: bool = False) -> None:
        """What a visit led to, for the scores of those that come after it."""
        controls = [link.group for link in event.links if link.kind != "link"]
        self.history.visited(key_of(work), event.snapshot, controls, role=work.role, wrote=wrote)
