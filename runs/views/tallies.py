"""Numbers of many runs at once: one query however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runs import reading, states
from runs.models import Run
from runs.report import Counts

SHOWN = (states.PASSED, states.FLAKY, states.FAILED, states.SKIPPED, states.RUNNING)


@dataclass(frozen=True)
class RunRow:
    """A run beside its numbers."""

    run: Run
    counts: Counts

    @property
    def coverage(self) -> str:
        """How much of the project it says something about, where that is not all."""
        return reading.coverage(self.run)


def with_tallies(runs: Sequence[Run]) -> list[RunRow]:
    counts = reading.counts_of([run.pk for run in runs])
    return [RunRow(run, counts[run.pk]) for run in runs]


@dataclass(frozen=True)
class Segment:
    """A coloured piece of a bar, in per cent of its length."""

    state: str
    start: float
    size: float


def segments(numbers: dict[str, int], total: int) -> list[Segment]:
    """The pieces of a progress bar of `total`, in the order in which they are drawn."""
    found: list[Segment] = []
    start = 0.0
    for state in SHOWN:
        size = round(100 * numbers.get(state, 0) / total, 3) if total else 0.0
        if size:
            found.append(Segment(state, round(start, 3), size))
            start += size
    return found


STRIP = 30


def strip(rows: Sequence[RunRow]) -> list[dict[str, Any]]:
    """Bars of the last runs, oldest first, at the right end of the strip; a bar's height is its number of tests."""
    most = max((row.counts.total for row in rows), default=0)
    width = 100 / STRIP
    bars: list[dict[str, Any]] = []
    for index, row in enumerate(reversed(rows[:STRIP])):
        height = 12 + 88 * row.counts.total / most if most else 12.0
        numbers = {state: getattr(row.counts, state) for state in SHOWN}
        parts = [
            {
                "state": part.state,
                "y": round(100 - height * (part.start + part.size) / 100, 2),
                "height": round(height * part.size / 100, 2),
            }
            for part in segments(numbers, row.counts.total)
        ]
        bars.append(
            {
                "row": row,
                "x": round(100 - width * (min(len(rows), STRIP) - index), 3),
                "width": round(width * 0.72, 3),
                "parts": parts or [{"state": states.SKIPPED, "y": 88.0, "height": 12.0}],
            }
        )
    return bars
