"""What a crawl has seen and tried, and what its project knows already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from projects.models import Test
from runs import states
from runs.engine.events import PageSnapshot
from runs.engine.plan import ACCOUNT, VISITOR
from runs.models import Case, Comparison, CrawlPage, Run


def snapshots(run_id: int, beat: Callable[[], object] = lambda: None) -> list[PageSnapshot]:
    """What the crawl saw by opening addresses, in the order in which pages were found.

    A page that several roles reached comes once, as who needs least sees it: a visitor, the project's own account.
    `beat` is called at each one, for thousands take seconds.
    """
    rows = CrawlPage.objects.filter(run=run_id, status=states.DONE, kind="link", snapshot__isnull=False)
    least: dict[str, CrawlPage] = {}
    for row in rows.order_by("depth", "pk"):
        known = least.setdefault(row.key, row)
        if _needs(row) < _needs(known):
            least[row.key] = row
    return [_snapshot(row, beat) for row in (*least.values(), *_states(run_id))]


def _states(run_id: int) -> list[CrawlPage]:
    """What pages lead to by actions and is no page of its own, without near duplicates."""
    rows = CrawlPage.objects.filter(run=run_id, status=states.DONE, same_as=None, snapshot__isnull=False)
    return [row for row in rows.exclude(kind="link").order_by("depth", "pk") if row.path]


def _snapshot(row: CrawlPage, beat: Callable[[], object]) -> PageSnapshot:
    beat()
    known: dict[str, Any] = row.snapshot or {}
    where = {"template": row.template or known.get("template", ""), "way": row.path, "action": row.action}
    # The address of a row with steps is where they begin, and not where they lead.
    where |= {"begun_at": row.url} if row.path else {}
    return PageSnapshot.model_validate({**known, **where})


def _needs(page: CrawlPage) -> int:
    return {VISITOR: 0, "": 1, ACCOUNT: 1}.get(page.role, 2)


def observations(run_id: int) -> list[dict[str, Any]]:
    """What came of what was tried, in the order in which it was planned; what was not tried to its end is left out."""
    cases = Case.objects.filter(run=run_id, outcome__isnull=False).order_by("pk")
    return [outcome for outcome in cases.values_list("outcome", flat=True) if outcome is not None]


def changed_templates(run: Run) -> frozenset[str] | None:
    """Structures (`CrawlPage.template`) of pages that are new or otherwise since tests were proposed; None is all."""
    return Comparison.objects.changed_since_tested(run)


def known_tests(run: Run) -> list[tuple[int, str, dict[str, Any], str]]:
    """Number, title, document and signature of the project's living tests; what says no more is not proposed again."""
    tests = Test.objects.filter(project=run.project_id).alive().order_by("pk")
    return list(tests.values_list("pk", "title", "document", "signature"))


def known_signatures(run: Run) -> frozenset[str]:
    return Test.objects.filter(project=run.project_id).known_signatures()
