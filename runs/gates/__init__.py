"""Quality gates, web-vitals budgets and the verdict, pure functions of one RunReport."""

from __future__ import annotations

from runs import states
from runs.gates import max_failures, max_flaky_pct, min_pass_rate
from runs.gates.base import Gate
from runs.gates.budgets import BUDGETS, VitalBudget, weigh
from runs.report import GateOutcome, Judgement, RunReport

__all__ = ["BUDGETS", "GATES", "Gate", "VitalBudget", "judge", "weigh"]

GATES: dict[str, Gate] = {
    "min_pass_rate": min_pass_rate.GATE,
    "max_failures": max_failures.GATE,
    "max_flaky_pct": max_flaky_pct.GATE,
}


def judge(report: RunReport) -> Judgement:
    """The verdict of a run whose results are all resolved. Nothing executed is `empty`, never passed."""
    if report.kind == "crawl":
        return Judgement(states.PASSED if report.counts.passed else states.EMPTY)
    if not report.counts.executed:
        return Judgement(states.EMPTY)
    gates = tuple(_ask(GATES[name], float(limit), report) for name, limit in report.gate_limits.items())
    vitals = weigh(report)
    held = all(outcome.passed for outcome in gates) and (vitals is None or vitals.passed)
    # Gates can only say no: a run with a failed test is failed, whatever its limits allow.
    good = held and report.counts.failed == 0
    return Judgement(states.PASSED if good else states.FAILED, gates, vitals, report.causes)


def _ask(gate: Gate, limit: float, report: RunReport) -> GateOutcome:
    measured = gate.measure(report)
    sentence = f"{gate.words} {limit:g}: {_shown(measured, limit):g}"
    return GateOutcome(gate.name, gate.holds(measured, limit), limit, round(measured, 4), sentence)


def _shown(measured: float, limit: float) -> float:
    """Two decimals, and as many as it takes to tell the number from a limit that it misses."""
    places = next((places for places in range(2, 8) if round(measured, places) != limit), 7)
    return measured if measured == limit else round(measured, places)
