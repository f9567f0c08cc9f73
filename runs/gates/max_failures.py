from __future__ import annotations

from runs.gates.base import Gate
from runs.report import RunReport


def measure(report: RunReport) -> float:
    return report.counts.failed


GATE = Gate("max_failures", "failed tests at most", 0, 100_000, measure, lambda measured, limit: measured <= limit)
