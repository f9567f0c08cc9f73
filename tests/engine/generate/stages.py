"""The stages of generating one after the other, in memory, as the ledger would keep what goes between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from runs.engine.browser import Browser
from runs.engine.events import CaseObserved, Log, PageSnapshot
from runs.engine.generate import (
    CaseSpec,
    Crawled,
    KnownTest,
    Observation,
    PlannedCases,
    Proposed,
    observe,
    plan_cases,
    propose,
)
from runs.engine.plan import CaseWork, CrawlPlan


async def planned(
    browser: Browser, plan: CrawlPlan, pages: Sequence[PageSnapshot], changed: frozenset[str] | None = None
) -> PlannedCases:
    (found,) = [one async for one in plan_cases(browser, plan, pages, changed)]
    return found


async def observed(browser: Browser, plan: CrawlPlan, crawled: Crawled, cases: Sequence[CaseSpec]) -> list[Observation]:
    """What came of the cases and of those they led to; everything passes through JSON, as it does through rows."""
    waiting = deque(case.model_dump(mode="json", exclude_defaults=True) for case in cases)
    known = {(case.family, case.key) for case in cases}
    seen: dict[int, Observation] = {}
    number = 0

    async def pull() -> CaseWork | None:
        nonlocal number
        number += 1
        return CaseWork(case=number, work=waiting.popleft()) if waiting else None

    while waiting:
        async for event in observe(browser, plan, crawled, pull):
            if not isinstance(event, CaseObserved):
                continue
            seen[event.case] = Observation.model_validate(event.outcome)
            for work in event.deeper:
                if (work["family"], work["key"]) not in known:
                    known.add((work["family"], work["key"]))
                    waiting.append(work)
    return [seen[case] for case in sorted(seen)]


async def generated(
    browser: Browser, plan: CrawlPlan, pages: Sequence[PageSnapshot], known: Sequence[KnownTest] = ()
) -> tuple[Proposed, list[Log], list[Observation]]:
    """The proposals, all that is told on the way, and what was seen."""
    found = await planned(browser, plan, pages)
    crawled = Crawled(tuple(pages), plan.options).surveyed(found.survey)
    seen = await observed(browser, plan, crawled, found.cases)
    proposed = propose(crawled, seen, known)
    return proposed, [*found.logs, *proposed.logs], seen
