"""Points for what makes a test likely to find something."""

import pytest

from runs.planning import Signals, failing_lately, risk


@pytest.mark.parametrize(
    ("signals", "points"),
    [
        (Signals(), 0),
        (Signals(["passed"] * 20), 0),
        (Signals(["failed"] * 10), 80),
        (Signals(["passed", "failed", "passed"]), 20),
        (Signals(["failed", "passed", "passed"]), 40),
        (Signals(["flaky", "passed"]), 0),
        (Signals(["passed"] * 10 + ["failed"] * 10), 0),
        (Signals(["skipped", "skipped", "failed", "passed"]), 50),
        (Signals(["skipped"] * 5), 0),
        (Signals(days_since_edit=0), 20),
        (Signals(days_since_edit=7), 10),
        (Signals(days_since_edit=14), 0),
        (Signals(days_since_edit=400), 0),
        (Signals(days_since_edit=-1), 20),
        (Signals(heals=3), 6),
        (Signals(heals=50), 10),
        (Signals(on_changed_page=True), 15),
        (Signals(on_changed_route=True), 10),
        (Signals(["failed"] * 10, 0, 5, True, True), 135),
        (Signals(["passed", "passed", "failed"], days_since_edit=3), 35.71),
    ],
)
def test_the_risk_is_the_sum_of_its_terms(signals: Signals, points: float) -> None:
    assert risk(signals) == points


def test_a_failure_among_the_newest_three_executed_is_lately() -> None:
    assert failing_lately(["skipped", "passed", "passed", "failed"])
    assert not failing_lately(["passed", "passed", "passed", "failed"])
    assert not failing_lately([])
