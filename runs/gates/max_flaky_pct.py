from __future__ import annotations

from runs.gates.base import Gate
from runs.report import RunReport


def measure(report: RunReport) -> float:
    """Flaky in per cent of executed results."""
    counts = report.counts
    return 100 * counts.flaky / counts.executed if counts.executed else 0.0


GATE = Gate("max_flaky_pct", "flaky tests in % at most", 0, 100, measure, lambda measured, limit: measured <= limit)
