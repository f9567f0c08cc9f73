"""Tests that wait for others: freed when those passed, skipped when one of them did not.

All rows of a test wait for the same, so that what is read grows with the tests of a run and not with their rows.
"""

from __future__ import annotations

from collections import defaultdict

from django.db.models import QuerySet

from runs import states
from runs.ledger.story import Line
from runs.ledger.work import skip
from runs.models import Result, Run

GOOD = frozenset({states.PASSED, states.FLAKY})
BAD = frozenset({states.FAILED, states.SKIPPED})


def settle_dependents(run: Run) -> list[Line]:
    """Frees or skips blocked results of a locked run, to the end of each chain; the lines to tell."""
    lines: list[Line] = []
    while True:
        settled = _round(run, lines)
        if not settled:
            return lines


def _round(run: Run, lines: list[Line]) -> int:
    blocked = Result.objects.filter(run=run, status=states.PENDING, blocked=True)
    waiting = dict(blocked.exclude(test=None).order_by().values_list("test", "waits_for").distinct())
    blocked.filter(test=None).update(blocked=False)  # whoever claims them finds that their test is gone
    known = _statuses(run, {number for awaited in waiting.values() for number in awaited})
    free: list[int] = []
    doomed: list[int] = []
    for test, awaited in waiting.items():
        # A test that was deleted for good has no results left that could pass.
        upstream = set[str]().union(*(known.get(number, {states.SKIPPED}) for number in awaited))
        if upstream & BAD:
            doomed.append(test)
        elif upstream <= GOOD:
            free.append(test)
    blocked.filter(test__in=free).update(blocked=False)
    return _skip(blocked.filter(test__in=doomed), lines) if doomed else 0


def _statuses(run: Run, tests: set[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    rows = Result.objects.filter(run=run, test__in=tests).order_by().values_list("test_id", "status").distinct()
    for test, status in rows:
        found[test].add(status)
    return found


def _skip(doomed: QuerySet[Result], lines: list[Line]) -> int:
    rows = list(doomed.values_list("pk", "title"))
    skip(doomed, "dependency_failed")
    for pk, title in rows:
        data = {"result": pk, "title": title, "status": states.SKIPPED}
        lines.append(("result", {**data, "skip_reason": "dependency_failed"}))
    return len(rows)
