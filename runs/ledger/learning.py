"""What an ended run teaches about its tests: outcomes, durations, flakiness (R21). Safe to repeat at any point.

Tests are learnt in groups. The histories that are missing are made, by test; what a run says is folded into them
without a lock. They are locked, by number, to be written, and read again where another run was learnt meanwhile: two
runs that are learnt at once never wait for each other in a circle. Histories come after everything else in the lock
order; no run is locked, an ended one does not change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from projects.models import Test
from runs import insight, states
from runs.models import Attempt, Result, Run, TestHistory
from runs.report import FailedTest

OUTCOMES, DURATIONS = 20, 10
GROUP = 500
SEVERITY = {states.FAILED: 2, states.FLAKY: 1, states.PASSED: 0}
FACTS = ("pk", "test_id", "status", "retries", "version", "duration_ms", "error", "error_kind")
COLUMNS = ["outcomes", "durations", "estimate_ms", "flaky_score", "is_flaky", "updated_at"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One test in one run, all its data rows together: the worst of them, and what a row took where all passed.

    `kind` is that of the failure, also where a retry passed after it.
    """

    status: str
    retries: int
    version: int
    duration_ms: int | None
    kind: str


def learn(run_id: int) -> None:
    """Folds a completed test run into the histories of its tests; what is known of the run already stays as it is.

    A trial teaches nothing.
    """
    run = Run.objects.counted().filter(pk=run_id, kind="test", status=states.COMPLETED).first()
    if run is None:
        return
    lessons = _lessons(run)
    tests = sorted(lessons)
    for start in range(0, len(tests), GROUP):
        _learn(run, {test: lessons[test] for test in tests[start : start + GROUP]})


def _lessons(run: Run) -> dict[int, Lesson]:
    """By test. Failures that say nothing about the test (host unreachable, crash …) teach nothing."""
    rows: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    executed = Result.objects.filter(run=run, status__in=states.EXECUTED, test__isnull=False).order_by("position")
    # An older version, of a run that was repeated or that was under way when the test was edited, is no news of it.
    executed = executed.filter(version=F("test__version"))
    for row in executed.values(*FACTS):
        if row["status"] != states.FAILED or _category(row) not in insight.NOT_OF_THE_TEST:
            rows[row["test_id"]].append(row)
    kinds = _kinds_before(executed)
    return {test: _lesson(found, kinds) for test, found in rows.items()}


def _kinds_before(executed: QuerySet[Result]) -> dict[int, str]:
    """What went wrong in results that passed on a retry: the kind of their first failed attempt."""
    tried = Attempt.objects.filter(result__in=executed.filter(status=states.FLAKY), passed=False)
    # Of a result's failures the dict below keeps the last that it gets: the first attempt.
    rows = tried.order_by("-number").values_list("result", "failure")
    return {result: str((failure or {}).get("kind", "")) for result, failure in rows}


def _build(run: Run) -> str:
    """What was tested, as far as it is known: the commit, on the day; without one, whatever was there on the day."""
    return f"{run.commit.get('sha', '')} {run.created_at:%Y-%m-%d}".strip()


def _category(row: Mapping[str, Any]) -> str:
    return insight.category_of(FailedTest(0, "", "", row["error"], row["error_kind"], row["retries"]))


def _lesson(rows: Sequence[Mapping[str, Any]], kinds: Mapping[int, str]) -> Lesson:
    typical = max(rows, key=lambda row: SEVERITY[row["status"]])
    worst = typical["status"]
    took = round(median(row["duration_ms"] or 0 for row in rows)) if worst == states.PASSED else None
    kind = typical["error_kind"] or kinds.get(typical["pk"], "")
    return Lesson(worst, sum(row["retries"] for row in rows), rows[0]["version"], took, kind)


def _learn(run: Run, lessons: Mapping[int, Lesson]) -> None:
    browser = run.options.get("browser", "chromium")
    living = set(Test.objects.filter(pk__in=list(lessons)).values_list("pk", flat=True))
    known = TestHistory.objects.filter(test__in=living, environment=run.environment_id, browser=browser)
    missing = sorted(living - set(known.values_list("test_id", flat=True)))
    TestHistory.objects.bulk_create(
        (TestHistory(test_id=test, environment_id=run.environment_id, browser=browser) for test in missing),
        ignore_conflicts=True,
    )
    while not _folded(run, known, lessons):
        pass


def _folded(run: Run, known: QuerySet[TestHistory], lessons: Mapping[int, Lesson]) -> bool:
    """Thinks without a lock and writes under one; False where another run was learnt meanwhile."""
    rows = list(known.order_by("pk"))
    were = {row.pk: row.updated_at for row in rows}
    changed = [row for row in rows if _fold(row, run, lessons[row.test_id])]
    now = timezone.now()
    for row in changed:
        row.updated_at = now
    with transaction.atomic():
        locked = known.filter(pk__in=[row.pk for row in changed]).select_for_update().order_by("pk")
        if any(updated_at != were[pk] for pk, updated_at in locked.values_list("pk", "updated_at")):
            return False
        # An upsert, because `bulk_update` writes a CASE over all rows for each column (decision 13 has measured it).
        TestHistory.objects.bulk_create(changed, update_conflicts=True, unique_fields=["id"], update_fields=COLUMNS)
    return True


def _fold(row: TestHistory, run: Run, lesson: Lesson) -> bool:
    """Puts the lesson where it belongs, newest first; False where the run is known, or older than what is kept."""
    runs = [outcome["run"] for outcome in row.outcomes]
    if run.pk in runs or (len(runs) >= OUTCOMES and run.pk < runs[-1]):
        return False
    place = sum(known > run.pk for known in runs)
    outcome = {"run": run.pk, "status": lesson.status, "retries": lesson.retries, "version": lesson.version}
    outcome |= {"build": _build(run), "kind": lesson.kind}
    # Durations are those of passes alone, so that the place among them is another.
    later = sum(known["status"] == states.PASSED for known in row.outcomes[:place])
    row.outcomes = [*row.outcomes[:place], outcome, *row.outcomes[place:]][:OUTCOMES]
    if lesson.duration_ms is not None:
        row.durations = [*row.durations[:later], lesson.duration_ms, *row.durations[later:]][:DURATIONS]
    found = insight.flakiness(row.outcomes)
    row.flaky_score, row.is_flaky = found.score, found.is_flaky
    row.estimate_ms = insight.estimate(row.durations) or None
    return True
