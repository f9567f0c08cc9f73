"""What mode states adds to a crawl: actions of each page and state, and states reached by their paths."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from runs.engine.browser import BrowserContext, Page, Watch, Writes
from runs.engine.crawl.actions import Actions, Scene
from runs.engine.crawl.cleaning import Removing, markers, removed
from runs.engine.crawl.frontier import Frontier
from runs.engine.crawl.offers import offered
from runs.engine.crawl.pace import Pace
from runs.engine.crawl.reaching import Reached, Way
from runs.engine.crawl.scope import Scope
from runs.engine.crawl.visit import unless_crashed
from runs.engine.events import PageVisited
from runs.engine.netguard import Guard
from runs.engine.plan import CrawlPlan, PageWork

REFUSED = 400


class Exploring:
    """What the slots of a shard share when they explore states."""

    def __init__(self, plan: CrawlPlan, guard: Guard, frontier: Frontier, pace: Pace) -> None:
        chance = Random()  # noqa: S311
        scope = Scope.of(plan.site.base_url, plan.options)
        self._pace = pace
        self._options = plan.options
        self._actions = Actions(plan.options, scope, frontier.shape, chance)
        self._way = Way(plan, guard, pace, chance)

    async def reach(self, context: BrowserContext, page: Page, work: PageWork, seen: Watch, writes: Writes) -> Reached:
        """Raises `Unvisited`."""
        return await unless_crashed(self._way.reach(context, page, work, seen, writes), work.url, seen)

    async def with_actions(
        self, page: Page, work: PageWork, event: PageVisited, reached: Reached | None = None
    ) -> PageVisited:
        """The event with what can be tried from here; nothing leads on from an error page."""
        status = event.snapshot.status
        if status is not None and status >= REFUSED:
            return replace(event, links=())
        scene = Scene(work, event.snapshot, await offered(page))
        if reached is not None:
            scene = replace(scene, before=reached.before, carried=reached.carried, wrote=reached.wrote)
        return replace(event, links=(*event.links, *self._actions.links(scene)))

    async def cleaned(self, page: Page, work: PageWork, reached: Reached, writes: Writes) -> bool:
        """Remove what was created on the way, where it can be told from what others created; whether it is gone."""
        marked = markers(work.path, reached.typed)
        if not marked or not reached.carried:
            return False
        before = writes.seen
        removing = Removing(marked, self._options, self._pace.turn)
        gone = await removed(page, removing, (reached.visited.url, work.url))
        return gone and writes.seen > before
