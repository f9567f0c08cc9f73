"""Who did what when: one lane per worker, one row in it per browser window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F
from django.db.models.fields.json import KT
from django.utils import timezone

from runs import states
from runs.models import Attempt, Case, CrawlPage, Lease, Result, Run
from runs.views.story import STAGES

MOST_BARS = 200
ROW_HEIGHT = 14


@dataclass(frozen=True)
class Bar:
    """An attempt on the time line; x and width in per cent, y in pixels."""

    result: int
    title: str
    state: str
    x: float
    width: float
    y: int


@dataclass
class Lane:
    """A worker's share of the time line."""

    index: int
    worker: str = ""
    lost: bool = False
    bars: list[Bar] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.index + 1

    @property
    def height(self) -> int:
        return max(1, len(self.ends)) * ROW_HEIGHT

    def row_for(self, start: float, end: float) -> int:
        """The first row that is free at `start`."""
        for number, free in enumerate(self.ends):
            if free <= start + 0.05:
                self.ends[number] = end
                return number
        self.ends.append(end)
        return len(self.ends) - 1


def lanes(run: Run) -> list[Lane]:
    """The workers of a run with what they did last and what they are at."""
    found = {index: Lane(index) for index in run.shards.values_list("index", flat=True)}
    # The newest lease of a shard comes last, and stays.
    for lease in Lease.objects.filter(shard__run=run).select_related("shard").order_by("number"):
        lane = found[lease.shard.index]
        lane.worker, lane.lost = lease.worker, lease.state == states.LOST
    _draw(run, found)
    _busy(run, found)
    return list(found.values())


def _draw(run: Run, found: dict[int, Lane]) -> None:
    done = Attempt.objects.filter(result__run=run, lease__isnull=False).order_by("-started_at")
    rows = list(
        done.values(
            "result_id", "started_at", "duration_ms", "passed", title=F("result__title"), shard=F("lease__shard__index")
        )[:MOST_BARS]
    )
    if not rows:
        return
    end = run.finished_at or timezone.now()
    start = min(rows[-1]["started_at"], end)
    # Where all attempts are shown, the line begins with the run, else with the first that is shown.
    if len(rows) < MOST_BARS and run.kind == "test" and run.started_at:
        start = min(start, run.started_at)
    whole = max((end - start).total_seconds(), 0.001)
    for row in reversed(rows):
        _place(found[row["shard"]], row, start, whole)


def _place(lane: Lane, row: Mapping[str, Any], start: datetime, whole: float) -> None:
    x = 100 * (row["started_at"] - start).total_seconds() / whole
    width = min(100 - x, 100 * row["duration_ms"] / 1000 / whole)
    y = lane.row_for(x, x + width) * ROW_HEIGHT
    state = states.PASSED if row["passed"] else states.FAILED
    title = f"{row['title']} · {row['duration_ms'] / 1000:.1f} s"
    lane.bars.append(Bar(row["result_id"], title, state, round(x, 2), round(max(width, 0.2), 2), y))


def _busy(run: Run, found: dict[int, Lane]) -> None:
    if run.is_over:
        return
    running = Result.objects.filter(run=run, status=states.RUNNING).values_list("lease__shard__index", "title")
    visiting = CrawlPage.objects.filter(run=run, status=states.RUNNING).values_list("lease__shard__index", "url")
    cases = Case.objects.filter(run=run, status=states.RUNNING)
    # One key of the JSON and not all of it, which may be large.
    trying = cases.values_list("lease__shard__index", "family", KT("work__start"))[:64]
    tried = [(index, f"{family}: {start}") for index, family, start in trying]
    for index, name in [*running[:64], *visiting[:64], *tried]:
        if index in found:
            found[index].busy.append(name)
    if run.stage in states.LONE and run.stage_lease is not None:
        alone = Lease.objects.filter(pk=run.stage_lease, state=states.OPEN)
        for index in alone.values_list("shard__index", flat=True):
            found[index].busy.append(STAGES[run.stage])
