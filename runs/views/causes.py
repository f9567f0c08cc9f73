"""Why tests of a run fail, for its page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from runs import reading
from runs.models import Result, Run
from runs.report import Cause

IDENTITY = re.compile(r"[0-9a-f]{8,}")
SHOWN = 12
TESTS_SHOWN = 4


@dataclass(frozen=True)
class ShownCause:
    """A cause with the titles of its first tests, by result."""

    cause: Cause
    tests: Sequence[tuple[int, str]]

    @property
    def more(self) -> int:
        return self.cause.size - len(self.tests)

    @property
    def place(self) -> str:
        """Where it is, unless the cause says that already. Older runs kept the identity of a structure here."""
        place = self.cause.place
        return "" if len(place) < 2 or place in self.cause.label or IDENTITY.fullmatch(place) else place


@dataclass(frozen=True)
class Panel:
    """The largest causes, how many there are, and how many failures they explain."""

    rows: Sequence[ShownCause] = ()
    number: int = 0
    failures: int = 0

    @property
    def more(self) -> int:
        return self.number - len(self.rows)


def panel(run: Run, failed: int) -> Panel:
    """`failed` is the number of failed results of the run."""
    if run.kind != "test" or not failed:
        return Panel()
    # Causes are stored when a run is judged. Before, and where it never is, they are found after each new failure.
    causes = _so_far(run.pk, run.created_at, failed) if not run.causes else reading.causes(run)
    first = [number for cause in causes[:SHOWN] for number in cause.results[:TESTS_SHOWN]]
    titles = dict(Result.objects.filter(pk__in=first).values_list("pk", "title"))
    rows = [ShownCause(cause, _titled(cause, titles)) for cause in causes[:SHOWN]]
    return Panel(rows, len(causes), sum(cause.size for cause in causes))


def _titled(cause: Cause, titles: dict[int, str]) -> list[tuple[int, str]]:
    return [(number, titles[number]) for number in cause.results[:TESTS_SHOWN] if number in titles]


@lru_cache(maxsize=256)
def _so_far(run: int, _created: datetime, _failed: int) -> tuple[Cause, ...]:
    """Failed results do not change, so their number tells whether there is news."""
    return reading.causes(Run.objects.get(pk=run))
