"""A state behind a page: reached by its steps in a fresh context, read, and what leads on from there."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from runs.engine.browser import Page, PageWatch, Writes, read_page, settle
from runs.engine.crawl.actions import known_as
from runs.engine.crawl.page_visit import Visited, settled, visit
from runs.engine.crawl.snapshot import look
from runs.engine.crawl.unreachable import Unvisited, unstable
from runs.engine.netguard import Guard
from runs.engine.passing import troubles
from runs.engine.plan import CrawlPlan, PageWork
from runs.engine.steps.base import Stage, Step, StepFailed
from runs.engine.steps.document import InvalidDocument, parse, resolved
from runs.engine.steps.perform import perform
from runs.engine.steps.variables import UnknownVariable, Variables

# What the visitor carries along besides cookies that scripts do not see.
KEPT = """const kept = () => {
  try { return JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}]) } catch { return "" }
};"""


@dataclass(frozen=True, slots=True)
class Tab:
    """The page in which a state is reached, what is heard of it, and how to wait for one's turn to do something."""

    page: Page
    seen: PageWatch
    writes: Writes
    turn: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A state as it is shown. `before` are the links that were shown before its last step.

    `carried`: on the way something was sent that could have changed something, or was put into the visitor's storage;
    `sent`: it was sent; `wrote`: by the last step.
    """

    visited: Visited
    before: frozenset[tuple[str, str]]
    carried: bool
    sent: bool
    wrote: bool


@dataclass(frozen=True, slots=True)
class _Mark:
    """How many writing requests there had been, and what the visitor carried along."""

    sent: int
    kept: str


@dataclass
class PathReplay:
    """Leads through the steps of a path, each within the action timeout.

    `opening` are the kinds of requests that are sent when addresses are merely opened: some applications read with
    POST, and what they read is nothing that a step has put in.
    """

    plan: CrawlPlan
    guard: Guard
    random: Random
    opening: set[str] = field(default_factory=set)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def steps(self, work: PageWork) -> tuple[Step, ...]:
        """The steps of a path with values for this time. Raises `Unvisited`."""
        variables = Variables(self.plan.site, {}, self.random, self.now())
        document = {"title": work.action or "state", "start": "/", "steps": list(work.path)}
        try:
            return tuple(resolved(step, variables) for step in parse(document).steps)
        except (InvalidDocument, UnknownVariable) as error:
            raise Unvisited("unstable", f"The way to this state cannot be read: {error}") from error

    async def reach(self, tab: Tab, work: PageWork, steps: Sequence[Step]) -> Arrival:
        """Raises `Unvisited`: unstable where a step cannot be done, and whatever else a page can be."""
        options, page, seen, began_with = self.plan.options, tab.page, tab.seen, tab.writes.seen
        await visit(page, work.url, seen, self.guard, options.page_timeout_ms)
        self.opening.update(tab.writes.kinds[began_with:])
        stage = Stage(self.plan.site, page.context.request, options.action_timeout_ms, opened=page, watching=seen)
        first = await _mark(tab)
        for number, step in enumerate(steps[:-1]):
            await self._do(step, number, stage, tab)
        before, last = (await look(page)).actions, await _mark(tab)
        seen.forget_history()
        began = time.monotonic()
        await self._do(steps[-1], len(steps) - 1, stage, tab)
        shown = await settled(page, page.url, options.action_timeout_ms)
        visited = Visited(page.url, seen.status_of(page.url), int((time.monotonic() - began) * 1000), shown)
        now = await _mark(tab)
        links = frozenset(known_as(action) for action in before if action.href)
        sent = self._sent(tab, first, now)
        wrote = self._sent(tab, last, now) or now.kept != last.kept
        return Arrival(visited, links, carried=sent or now.kept != first.kept, sent=sent, wrote=wrote)

    def _sent(self, tab: Tab, since: _Mark, until: _Mark) -> bool:
        return not self.opening.issuperset(tab.writes.kinds[since.sent : until.sent])

    async def _do(self, step: Step, number: int, stage: Stage, tab: Tab) -> None:
        await tab.turn()
        try:
            await perform(step, stage, self.plan.options.action_timeout_ms)
        except StepFailed as failure:
            if failure.kind == "hidden":
                raise Unvisited("not_a_page", failure.message) from failure
            unreached = unstable(step.sentence(), failure.message, number)
            # A step may fail for what the site could not answer just then: no state is given up for that at once.
            unreached.disturbed = bool(troubles(tab.seen.requests, self.plan.site.base_url))
            raise unreached from failure
        await settle(stage.page, self.plan.options.action_timeout_ms)


async def _mark(tab: Tab) -> _Mark:
    return _Mark(tab.writes.seen, await read_page(tab.page, KEPT, "kept()"))
