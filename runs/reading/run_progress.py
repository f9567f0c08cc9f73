"""How far runs are, and their stories."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC
from typing import Any

from django.db.models import Count

from runs import states
from runs.models import CrawlPage, Result, RunEvent
from runs.report import Counts, PageCounts


def counts(run_id: int) -> Counts:
    return Counts(**Result.objects.filter(run=run_id).tally())


def page_counts(run_id: int) -> PageCounts:
    return PageCounts(**CrawlPage.objects.filter(run=run_id).tally())


def counts_of(run_ids: Collection[int]) -> dict[int, Counts]:
    """Counts of many runs by one query."""
    return {run: Counts(**tally) for run, tally in _tallies(Result.objects, run_ids, states.RESULT_STATES).items()}


def page_counts_of(run_ids: Collection[int]) -> dict[int, PageCounts]:
    """Page counts of many runs by one query."""
    return {run: PageCounts(**tally) for run, tally in _tallies(CrawlPage.objects, run_ids, states.PAGE_STATES).items()}


def _tallies(rows: Any, run_ids: Collection[int], names: tuple[str, ...]) -> dict[int, dict[str, int]]:
    tallies = {run: dict.fromkeys((*names, "total"), 0) for run in run_ids}
    found = rows.filter(run__in=run_ids).order_by().values_list("run", "status").annotate(Count("pk"))
    for run, status, number in found:
        tallies[run][status] = number
        tallies[run]["total"] += number
    return tallies


def events(run_id: int, after: int = 0, limit: int = 500) -> list[dict[str, Any]]:
    """Lines of the story after a number, in order, `limit` at most: {"seq", "type", "at", "data"}."""
    rows = RunEvent.objects.filter(run=run_id, seq__gt=after).order_by("seq")[:limit]
    return [
        {
            "seq": row.seq,
            "type": row.type,
            "at": row.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "data": row.data,
        }
        for row in rows
    ]
