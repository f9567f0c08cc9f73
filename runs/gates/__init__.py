"""Quality gates and the verdict, pure functions of one RunReport."""

from __future__ import annotations

from runs.gates import max_failures, max_flaky_pct, min_pass_rate
from runs.gates.base import Gate
from runs.report import GateOutcome, Judgement, RunReport

GATES: dict[str, Gate] = {
    "min_pass_rate": min_pass_rate.GATE,
    "max_failures": max_failures.GATE,
    "max_flaky_pct": max_flaky_pct.GATE,
}


def judge(report: RunReport) -> Judgement:
    """The verdict of a run whose results are all resolved. Nothing executed is `empty`, never passed."""
    if report.kind == "crawl":
        return Judgement("passed" if report.counts.passed else "empty")
    if not report.counts.executed:
        return Judgement("empty")
    gates = tuple(_ask(GATES[name], float(limit), report) for name, limit in report.gate_limits.items())
    good = report.counts.failed == 0 and all(outcome.passed for outcome in gates)
    return Judgement("passed" if good else "failed", gates)


def _ask(gate: Gate, limit: float, report: RunReport) -> GateOutcome:
    measured = round(gate.measure(report), 2)
    sentence = f"{gate.words} {limit:g}: {measured:g}"
    return GateOutcome(gate.name, gate.holds(measured, limit), limit, measured, sentence)
