"""What a quality gate is: a limit set on the project, measured on a finished run's report.

A pass rate is one of the tests that were wanted. What the dispatcher left out (over budget, no impact, quarantined,
stale) and
what was deleted meanwhile was not; what a run skipped by itself, because something it depends on failed or because too
much had failed already, was wanted and did not pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runs import states
from runs.report import RunReport

UNWANTED = states.PRE_SEEDED | {"test_deleted"}


@dataclass(frozen=True, slots=True)
class Gate:
    """`measure` gives the run's number; `holds(measured, limit)` decides; `low`..`high` is the range of limits."""

    name: str
    words: str
    low: float
    high: float
    measure: Callable[[RunReport], float]
    holds: Callable[[float, float], bool]


def wanted(report: RunReport) -> int:
    """Results that the run was meant to execute, whether it came to it or not."""
    return report.counts.executed + sum(n for reason, n in report.skips.items() if reason not in UNWANTED)
