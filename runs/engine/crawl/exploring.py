"""What mode states adds to a crawl: actions of each page and state, and states reached by their paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

from runs.engine.browser import Page
from runs.engine.crawl.actions import Actions, ReachedState
from runs.engine.crawl.cleaning import Removing, markers, removed
from runs.engine.crawl.found_links import Frontier
from runs.engine.crawl.offers import offered
from runs.engine.crawl.page_visit import unless_crashed
from runs.engine.crawl.reaching import Arrival, PathReplay, Tab
from runs.engine.crawl.scope import Scope, same_site
from runs.engine.crawl.score import History
from runs.engine.events import PageVisited
from runs.engine.netguard import Guard
from runs.engine.plan import CrawlPlan, PageWork
from runs.engine.steps.base import Step


class Exploring:
    """What the slots of a shard share when they explore states."""

    def __init__(self, plan: CrawlPlan, guard: Guard, frontier: Frontier, history: History) -> None:
        chance = Random()  # noqa: S311
        self._base_url = plan.site.base_url
        scope = Scope.for_crawl(plan.site.base_url, plan.options)
        self._options = plan.options
        self._actions = Actions(plan.options, scope, frontier.shape, chance, history)
        self._way = PathReplay(plan, guard, chance)

    def steps(self, work: PageWork) -> tuple[Step, ...]:
        """Raises `Unvisited`."""
        return self._way.steps(work)

    def opened(self, kinds: Iterable[str]) -> None:
        """Learn the kinds of requests that an address sends by itself."""
        self._way.opening.update(kinds)

    async def reach(self, tab: Tab, work: PageWork, steps: Sequence[Step]) -> Arrival:
        """Raises `Unvisited`."""
        return await unless_crashed(self._way.reach(tab, work, steps), work.url, tab.seen)

    async def with_actions(
        self, page: Page, work: PageWork, event: PageVisited, reached: Arrival | None = None
    ) -> PageVisited:
        """The event with what can be tried from here; nothing leads on from an error page."""
        if event.snapshot.is_error:
            return replace(event, links=())
        state = ReachedState(work, event.snapshot, await offered(page))
        if reached is not None:
            state = replace(state, before=reached.before, carried=reached.carried)
            state = replace(state, sent=reached.sent, wrote=reached.wrote)
        return replace(event, links=(*event.links, *self._actions.links(state)))

    async def cleaned(self, tab: Tab, work: PageWork, steps: Sequence[Step]) -> bool:
        """Remove what was created on the way, where it can be told from what others created; whether it is gone."""
        marked = markers(work.path, (step.model_dump(exclude_unset=True) for step in steps))
        if not marked:
            return False
        before = tab.writes.seen
        own = [url for url in (tab.page.url, work.url) if same_site(url, self._base_url)]
        gone = await removed(tab.page, Removing(marked, self._options, tab.turn), own)
        # A mark may be gone from a page for other reasons: it counts as removed where a request was sent (decision 18).
        return gone and tab.writes.seen > before
