from __future__ import annotations

from runs.gates.base import Gate, wanted
from runs.report import RunReport


def measure(report: RunReport) -> float:
    """Passed and flaky in per cent of the tests that were wanted."""
    counts, whole = report.counts, wanted(report)
    return 100 * (counts.passed + counts.flaky) / whole if whole else 0.0


GATE = Gate("min_pass_rate", "pass rate in % at least", 0, 100, measure, lambda measured, limit: measured >= limit)
