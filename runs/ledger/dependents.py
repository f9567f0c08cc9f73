"""Tests that wait for others: freed when those passed, skipped when one of them did not."""

from __future__ import annotations

from django.utils import timezone

from runs import states
from runs.ledger.story import Line
from runs.models import Result, Run

GOOD = frozenset({states.PASSED, states.FLAKY})


def settle_dependents(run: Run) -> list[Line]:
    """Frees or skips blocked results of a locked run, to the end of each chain; the lines to tell."""
    lines: list[Line] = []
    while True:
        settled = _round(run, lines)
        if not settled:
            return lines


def _round(run: Run, lines: list[Line]) -> int:
    blocked = list(Result.objects.filter(run=run, status=states.PENDING, blocked=True).only("pk", "title", "waits_for"))
    if not blocked:
        return 0
    awaited = {position for result in blocked for position in result.waits_for}
    status = dict(Result.objects.filter(run=run, position__in=awaited).values_list("position", "status"))
    free: list[int] = []
    doomed: list[Result] = []
    for result in blocked:
        upstream = {status.get(position, states.PASSED) for position in result.waits_for}
        if upstream <= GOOD:
            free.append(result.pk)
        elif upstream & {states.FAILED, states.SKIPPED}:
            doomed.append(result)
    Result.objects.filter(pk__in=free).update(blocked=False)
    Result.objects.filter(pk__in=[result.pk for result in doomed]).update(
        status=states.SKIPPED, skip_reason="dependency_failed", blocked=False, finished_at=timezone.now()
    )
    for result in doomed:
        told = {"result": result.pk, "title": result.title, "status": states.SKIPPED}
        lines.append(("result", {**told, "skip_reason": "dependency_failed"}))
    return len(doomed)
