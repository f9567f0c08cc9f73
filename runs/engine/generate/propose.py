"""From what a crawl saw to proposed tests: try, observe, write down, replay once, propose."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from runs.engine.browser import Browser
from runs.engine.events import Log, PageSnapshot, Proposal
from runs.engine.generate.cases import Case, Crawled, Draft, Observation
from runs.engine.generate.confirm import confirmed
from runs.engine.generate.observe import observe
from runs.engine.generate.parallel import in_parallel
from runs.engine.generate.proposals import FAMILIES
from runs.engine.generate.selecting import in_turns, titled
from runs.engine.generate.signature import signature
from runs.engine.generate.survey import account_state, concerns, surveyed
from runs.engine.generate.visit import Visits
from runs.engine.plan import CrawlPlan


async def propose(
    browser: Browser, plan: CrawlPlan, pages: Sequence[PageSnapshot], known: frozenset[str]
) -> AsyncIterator[Proposal | Log]:
    """Tests that follow from what the crawl saw, at most `plan.options.test_count`, best first within each family.

    `known` are signatures of tests that exist already; they are not proposed again. Never raises for what the
    application does; `BrowserUnavailable` when there is no browser any more. Close it to stop at once.
    """
    if not pages or not plan.options.test_count:
        return
    state, logs = await account_state(browser, plan)
    visits = Visits(browser, plan, state)
    crawled = await surveyed(visits, pages)
    for log in (*logs, *concerns(crawled)):
        yield log
    observations = await _observed(visits, crawled)
    yield _summary(observations)
    drafts = {name: list(family.tests(crawled, observations[name])) for name, family in FAMILIES.items()}
    chosen = _Chosen(plan.options.test_count, known)
    async with aclosing(_confirmed(visits, in_turns(drafts))) as results:
        async for title, draft, kept in results:
            proposal = chosen.take(title, draft, kept)
            if proposal:
                yield proposal
            if chosen.full:
                break
    for log in chosen.logs():
        yield log


@dataclass
class _Chosen:
    """What has been proposed so far, and what was not, and why."""

    most: int
    known: frozenset[str]
    signatures: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def full(self) -> bool:
        return len(self.signatures) >= self.most

    def take(self, title: str, draft: Draft, kept: Draft | None) -> Proposal | None:
        if kept is None:
            self.left_out["did not hold when they were tried again"] += 1
            return None
        document = {**kept.document, "title": title}
        sign = signature(document)
        if sign in self.known:
            self.left_out["exist already"] += 1
            return None
        if sign in self.signatures:
            self.left_out["would do the same as another"] += 1
            return None
        self.signatures.add(sign)
        page = draft.case.page
        return Proposal(
            title=title,
            family=draft.family,
            document=document,
            template=page.template,
            page_url=page.url,
            signature=sign,
            why=draft.why,
        )

    def logs(self) -> Iterable[Log]:
        if self.full:
            yield Log("info", f"Stopped at {self.most} proposals, the most that was asked for.")
        for why, count in self.left_out.items():
            yield Log("info", f"{count} tests were not proposed, for they {why}.")


async def _observed(visits: Visits, crawled: Crawled) -> dict[str, list[Observation]]:
    """Each family's cases carried out, and the cases to which they led."""
    found: dict[str, list[Observation]] = {name: [] for name in FAMILIES}
    cases = [case for family in FAMILIES.values() for case in family.cases(crawled)]
    while cases:
        deeper: list[Case] = []
        async with aclosing(in_parallel(cases, _observing(visits), crawled.options.parallel)) as results:
            async for case, seen in results:
                found[case.family].append(seen)
                deeper += FAMILIES[case.family].deeper(crawled, seen)
        cases = deeper
    return found


def _observing(visits: Visits) -> Callable[[Case], Awaitable[Observation]]:
    async def one(case: Case) -> Observation:
        return await observe(visits, case)

    return one


async def _confirmed(visits: Visits, drafts: Sequence[Draft]) -> AsyncGenerator[tuple[str, Draft, Draft | None], None]:
    async def again(pair: tuple[str, Draft]) -> Draft | None:
        return await confirmed(visits, pair[1])

    async with aclosing(in_parallel(titled(drafts), again, visits.plan.options.parallel)) as results:
        async for (title, draft), kept in results:
            yield title, draft, kept


def _summary(observations: dict[str, list[Observation]]) -> Log:
    tried = sum(len(seen) for seen in observations.values())
    stuck = sum(1 for found in observations.values() for seen in found if seen.problem)
    rest = f"; {stuck} could not be carried out" if stuck else ""
    return Log("info", f"Tried {tried} things on the application to see what they do{rest}.")
