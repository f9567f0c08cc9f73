from typing import Any

import pytest

from runs.gates import judge
from runs.report import Cause
from tests.gates.reports import report, vitals

CAUSE = Cause("ab12", "POST /api/cart answers 500", "expectation", "POST /api/cart", "…", (1,), ("TC-1",), 1)


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"passed": 2}, "passed"),
        ({"passed": 1, "flaky": 1}, "passed"),
        ({"passed": 1, "failed": 1}, "failed"),
        ({}, "empty"),
        ({"skips": {"over_budget": 4, "no_impact": 3}}, "empty"),
        ({"skips": {"dependency_failed": 2}, "gate_limits": {"min_pass_rate": 0}}, "empty"),
        ({"passed": 1, "kind": "crawl"}, "passed"),
        ({"failed": 1, "kind": "crawl"}, "empty"),
    ],
)
def test_the_verdict_follows_what_was_executed(fields: dict[str, Any], verdict: str) -> None:
    assert judge(report(**fields)).verdict == verdict


@pytest.mark.parametrize("reason", ["over_budget", "no_impact", "quarantined", "stale", "test_deleted"])
def test_a_pass_rate_leaves_out_what_nobody_wanted_executed(reason: str) -> None:
    outcome = judge(report(passed=9, flaky=1, skips={reason: 90}, gate_limits={"min_pass_rate": 100})).gates[0]
    assert (outcome.passed, outcome.measured) == (True, 100)


@pytest.mark.parametrize("reason", ["dependency_failed", "max_failures"])
def test_a_pass_rate_holds_what_a_failure_kept_from_running_against_the_run(reason: str) -> None:
    outcome = judge(report(passed=5, failed=1, skips={reason: 4}, gate_limits={"min_pass_rate": 60})).gates[0]
    assert (outcome.passed, outcome.measured, outcome.sentence) == (False, 50, "pass rate in % at least 60: 50")


@pytest.mark.parametrize(
    ("limits", "fields", "held"),
    [
        ({"min_pass_rate": 75}, {"passed": 3, "failed": 1}, True),
        ({"min_pass_rate": 76}, {"passed": 3, "failed": 1}, False),
        ({"max_failures": 1}, {"passed": 3, "failed": 1}, True),
        ({"max_failures": 0}, {"passed": 3, "failed": 1}, False),
        ({"max_flaky_pct": 25}, {"passed": 3, "flaky": 1, "skips": {"dependency_failed": 9}}, True),
        ({"max_flaky_pct": 24}, {"passed": 3, "flaky": 1, "skips": {"over_budget": 9}}, False),
    ],
)
def test_a_gate_holds_at_its_limit_and_not_beyond(limits: dict[str, float], fields: Any, held: bool) -> None:
    judgement = judge(report(**fields, gate_limits=limits))
    assert [outcome.passed for outcome in judgement.gates] == [held]
    if not held:
        assert judgement.verdict == "failed"


def test_a_rate_is_not_rounded_up_to_its_limit() -> None:
    outcome = judge(report(passed=18_999, failed=1_001, gate_limits={"min_pass_rate": 95})).gates[0]
    assert not outcome.passed
    assert outcome.sentence == "pass rate in % at least 95: 94.995"


def test_a_test_over_a_budget_fails_the_verdict_and_is_named_with_its_page() -> None:
    measured = (vitals(1, lcp=2400.4), vitals(2, lcp=(2600, "/cart"), cls=(0.3, "/pay")))
    judgement = judge(report(passed=2, vitals_budgets={"lcp": 2500, "cls": 0.1}, measured=measured))
    assert judgement.verdict == "failed"
    assert judgement.vitals is not None
    assert (judgement.vitals.passed, judgement.vitals.measured, judgement.vitals.over) == (False, 2, 2)
    assert [(one.metric, one.limit, one.measured, one.test, one.path) for one in judgement.vitals.violations] == [
        ("cls", 0.1, 0.3, "TC-2", "/pay"),
        ("lcp", 2500, 2600, "TC-2", "/cart"),
    ]


def test_a_vital_at_its_budget_is_within_it() -> None:
    judgement = judge(report(passed=1, vitals_budgets={"ttfb": 800, "cls": 0}, measured=(vitals(ttfb=800, cls=0),)))
    assert judgement.vitals is not None
    assert (judgement.verdict, judgement.vitals.passed) == ("passed", True)


@pytest.mark.parametrize("budgets", [{}, {"inp": 200}])
def test_budgets_say_nothing_where_none_is_set_or_nothing_was_measured_for_them(budgets: dict[str, float]) -> None:
    judgement = judge(report(passed=1, vitals_budgets=budgets, measured=(vitals(lcp=9000),)))
    assert (judgement.verdict, judgement.vitals) == ("passed", None)


def test_of_thousands_of_violations_the_worst_hundred_are_named_and_all_are_counted() -> None:
    measured = tuple(vitals(number, lcp=1000 + number) for number in range(2000))
    outcome = judge(report(passed=2000, vitals_budgets={"lcp": 1}, measured=measured)).vitals
    assert outcome is not None
    assert (outcome.over, len(outcome.violations), outcome.violations[0].measured) == (2000, 100, 2999)


def test_the_causes_of_the_report_are_those_of_the_judgement() -> None:
    assert judge(report(failed=1, causes=(CAUSE,))).causes == (CAUSE,)
