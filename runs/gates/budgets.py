"""Web-vitals budgets: the worst that any page of a test may show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runs.report import RunReport, Vital, VitalsOutcome, VitalsViolation

NAMED = 100


@dataclass(frozen=True, slots=True)
class Budget:
    """One vital: its name for people, its unit, and the range of limits."""

    name: str
    words: str
    unit: str
    low: float
    high: float


BUDGETS: dict[str, Budget] = {
    "lcp": Budget("lcp", "Largest Contentful Paint", "ms", 1, 120_000),
    "inp": Budget("inp", "Interaction to Next Paint", "ms", 1, 120_000),
    "ttfb": Budget("ttfb", "Time to First Byte", "ms", 1, 120_000),
    "cls": Budget("cls", "Cumulative Layout Shift", "", 0, 10),
}


def weigh(report: RunReport) -> VitalsOutcome | None:
    """None where no budget is set, or nothing was measured that one is set for."""
    limits = {name: float(limit) for name, limit in report.vitals_budgets.items() if name in BUDGETS}
    held = [vital for vital in report.measured if vital.metric in limits]
    if not held:
        return None
    over = [vital for vital in held if vital.value > limits[vital.metric]]
    over.sort(key=lambda vital: (-_excess(vital, limits), vital.result, vital.metric))
    worst = tuple(_violation(vital, limits[vital.metric]) for vital in over[:NAMED])
    return VitalsOutcome(not over, len({vital.result for vital in held}), worst, len(over))


def _excess(vital: Vital, limits: Mapping[str, float]) -> float:
    limit = limits[vital.metric]
    return vital.value / limit if limit else float("inf")


def _violation(vital: Vital, limit: float) -> VitalsViolation:
    return VitalsViolation(
        vital.metric, limit, round(vital.value, 3), vital.result, vital.test, vital.title, vital.path
    )
