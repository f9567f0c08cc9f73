"""Web-vitals budgets: the worst that any page of a test may show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runs.report import RunReport, Vitals, VitalsOutcome, VitalsViolation

# The verdict is stored with the run: the worst are named, and all are counted.
NAMED = 100


@dataclass(frozen=True, slots=True)
class VitalBudget:
    """One vital: its name for people, its unit, the range of limits, and what counts as good (web.dev/vitals)."""

    name: str
    words: str
    unit: str
    low: float
    high: float
    good: float


BUDGETS: dict[str, VitalBudget] = {
    "lcp": VitalBudget("lcp", "Largest Contentful Paint", "ms", 1, 120_000, 2_500),
    "inp": VitalBudget("inp", "Interaction to Next Paint", "ms", 1, 120_000, 200),
    "ttfb": VitalBudget("ttfb", "Time to First Byte", "ms", 1, 120_000, 800),
    "cls": VitalBudget("cls", "Cumulative Layout Shift", "", 0, 10, 0.1),
}


def weigh(report: RunReport) -> VitalsOutcome | None:
    """None where no budget is set, or nothing was measured that one is set for."""
    limits = {name: float(limit) for name, limit in report.vitals_budgets.items() if name in BUDGETS}
    weighed = [vitals for vitals in report.measured if not limits.keys().isdisjoint(vitals.worst)]
    if not weighed:
        return None
    over = [violation for vitals in weighed for violation in _violations(vitals, limits)]
    over.sort(key=lambda violation: (-_excess(violation), violation.result, violation.metric))
    return VitalsOutcome(not over, len(weighed), tuple(over[:NAMED]), len(over))


def _violations(vitals: Vitals, limits: Mapping[str, float]) -> Iterator[VitalsViolation]:
    for metric, (value, path) in vitals.worst.items():
        # Weighed as it was measured: rounded, a value a little over its budget would be within it.
        if value > limits.get(metric, value):
            measured = round(value, 4)
            yield VitalsViolation(metric, limits[metric], measured, vitals.result, vitals.test, vitals.title, path)


def _excess(violation: VitalsViolation) -> float:
    return violation.measured / violation.limit if violation.limit else float("inf")
