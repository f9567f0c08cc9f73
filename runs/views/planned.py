"""What was decided when a test run was queued, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runs import reading, states
from runs.engine.plan import RunOptions
from runs.models import Result, Run

ROUTES_SHOWN = FEW = 5
# Why a result was not executed, for the result's own page.
SKIPS = {
    "over_budget": "It did not fit into the run's minutes; riskier tests went first.",
    "no_impact": "The changed files do not touch the pages of this test.",
    "quarantined": "It is tagged quarantine, or waits for a test that is; run it by name to try it.",
    "stale": "What it tests is gone, or it waits for a test of which that is true; run it by name to try it.",
    "dependency_failed": "A test that it depends on did not pass, or could not be executed.",
    "max_failures": "As many tests had failed as the run allows.",
    "aborted": "The run was aborted before its turn came.",
    "test_deleted": "The test was deleted before its turn came.",
    "unproved": "The crawl's time was over before it was proved; Prove the rest on the crawl's page proves it.",
}
LEFT_OUT = {
    "over_budget": "over the budget",
    "no_impact": "not touched by the change",
    "quarantined": "quarantined",
    "stale": "stale, for what they test is gone",
}


def decisions(run: Run) -> list[str]:
    """Expected time, what was left out, and what a change was thought to touch; nothing for crawls."""
    if run.kind != "test":
        return []
    said = (_coverage(run), _added(run.scope), *run.scope.get("lacking", ())[:FEW])
    return [sentence for sentence in (_expected(run), *said, _left_out(run), _impact(run.impact)) if sentence]


def _coverage(run: Run) -> str:
    covered = reading.coverage(run)
    return f"It covers {covered}." if covered else ""


def _added(scope: dict[str, Any]) -> str:
    added = scope.get("added", {})
    if not added:
        return ""
    names = _listed(list(added))
    them = "it" if len(added) == 1 else "them"
    return f"{len(added)} test{_s(len(added))} came along, for others depend on {them}: {names}."


def _expected(run: Run) -> str:
    work = reading.expected_work(run)
    if not work.total_ms:
        return ""
    windows = RunOptions.model_validate(run.options).parallel
    workers = run.shards.count()
    ideal = max(work.longest_ms, work.total_ms // (workers * windows))
    many = f"{work.tests} test{_s(work.tests)}"
    where = f"{workers} worker{_s(workers)} with {windows} window{_s(windows)}{' each' if workers > 1 else ''}"
    return f"{many} expected to take about {_spoken(ideal)} on {where}."


def _left_out(run: Run) -> str:
    counts = reading.counted_by(Result.objects.filter(run=run, skip_reason__in=states.PRE_SEEDED), "skip_reason")
    parts = [f"{counts[reason]} {words}" for reason, words in LEFT_OUT.items() if reason in counts]
    budget = run.options.get("budget_minutes")
    limit = f" of {budget:g} minute{_s(budget)}" if budget else ""
    said = ", ".join(parts).replace(LEFT_OUT["over_budget"], LEFT_OUT["over_budget"] + limit)
    return f"Left out from the start: {said}." if said else ""


def _impact(impact: dict[str, Any] | None) -> str:
    if impact is None:
        return ""
    if impact["fallback_reason"] == "no_changed_files":
        return "All tests run: the list of changed files is empty."
    if impact["fallback_reason"]:
        return f"All tests run: {impact['because']} cannot be attributed to pages; the project's route map can do that."
    files = f"{impact['files']} changed file{_s(impact['files'])}"
    if not impact["route_prefixes"]:
        touched = f"{files} touch{_es(impact['files'])} no page"
    else:
        touched = f"{files} touch{_es(impact['files'])} {_listed(impact['route_prefixes'])}"
    kept = f"{impact['impacted']} of {impact['tests']} tests selected"
    return f"{touched}: {kept}; smoke tests, new ones and those that failed lately are always among them."


def _listed(routes: Sequence[str]) -> str:
    more = len(routes) - ROUTES_SHOWN
    return ", ".join(routes[:ROUTES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _spoken(ms: int) -> str:
    seconds = max(1, round(ms / 1000))
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min {seconds % 60:02} s"


def _s(number: float) -> str:
    return "" if number == 1 else "s"


def _es(number: int) -> str:
    return "es" if number == 1 else ""
