"""What is tried on an application, decided before anything is tried."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from runs.engine.browser import Browser, ClaimCode
from runs.engine.events import Log, PageSnapshot
from runs.engine.generate.case_visit import Visits
from runs.engine.generate.cases import CaseSpec, Crawled, Survey
from runs.engine.generate.guarding import guarded
from runs.engine.generate.openapi.finding import described
from runs.engine.generate.proposals import FAMILIES
from runs.engine.generate.survey import concerns, surveyed
from runs.engine.plan import CrawlPlan


@dataclass(frozen=True, slots=True)
class PlannedCases:
    """The cases, what had to be known of the site for them, what was counted, and what should be said about it."""

    cases: tuple[CaseSpec, ...]
    survey: Survey
    counted: dict[str, int]
    logs: tuple[Log, ...]


async def plan_cases(
    browser: Browser,
    plan: CrawlPlan,
    pages: Sequence[PageSnapshot],
    changed: frozenset[str] | None,
    *,
    claim_code: ClaimCode | None = None,
) -> AsyncIterator[PlannedCases]:
    """One `PlannedCases`. `changed` are the templates that tests are wanted for, None for all.

    Never raises for what the application does; `BrowserUnavailable` when there is no browser any more.
    """
    if not pages or not plan.options.test_count:
        yield PlannedCases((), Survey(), counted((), (), 0), ())
        return
    visits = Visits(browser, plan, claim_code=claim_code)
    crawled, logs = await surveyed(visits, pages)
    operations, said = await described(visits, crawled.pages)
    crawled = replace(crawled, contract=tuple(operations))
    broke: list[Log] = []
    cases, skipped = chosen(crawled, changed, broke)
    masking = visits.accounts.masking
    # A case is stored before it is tried. A mask in place of a secret would then be entered into the application.
    cases = tuple(case for case in cases if not masking.covers(case))
    all_logs = (*broke, *logs, *said, *concerns(crawled))
    # Planning has no stream of events, at whose end all else is masked (decision 33).
    yield masking.value(PlannedCases(cases, crawled.survey, counted(cases, crawled.pages, skipped), all_logs))


def chosen(
    crawled: Crawled, changed: frozenset[str] | None, broke: list[Log] | None = None
) -> tuple[tuple[CaseSpec, ...], int]:
    """The cases of all families, each once, and how many templates had none for not having changed.

    `broke` takes what broke us in a family. What the description of the API promises belongs to no page and is always
    tried.
    """
    found: dict[tuple[str, str], CaseSpec] = {}
    skipped: set[str] = set()
    for name, family in FAMILIES.items():
        for case in guarded(partial(family.cases, crawled), f"cases of the kind “{name}”", broke):
            template = crawled.page_of(case).template
            if changed is None or case.family == "contract" or template in changed:
                found.setdefault((case.family, case.key), case)
            else:
                skipped.add(template)
    return tuple(found.values()), len(skipped)


def counted(cases: Sequence[CaseSpec], pages: Sequence[PageSnapshot], skipped: int) -> dict[str, int]:
    templates = {page.template for page in pages}
    return {"cases": len(cases), "pages": len(pages), "templates": len(templates), "skipped_unchanged": skipped}
