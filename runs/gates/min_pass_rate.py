from __future__ import annotations

from runs.gates.base import Gate
from runs.report import RunReport


def measure(report: RunReport) -> float:
    """Passed and flaky in per cent of executed results; skipped ones do not count."""
    counts = report.counts
    return 100 * (counts.passed + counts.flaky) / counts.executed if counts.executed else 0.0


GATE = Gate("min_pass_rate", "pass rate in % at least", 0, 100, measure, lambda measured, limit: measured >= limit)
