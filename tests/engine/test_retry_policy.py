from typing import Any

import pytest

from runs.engine.execute.retry_policy import RetryPolicy
from runs.engine.plan import Keep, TestWork


def policy(**more: Any) -> RetryPolicy:
    return RetryPolicy(TestWork(result=1, title="T", document={}, **more))


@pytest.mark.parametrize(
    ("more", "passes", "outcome"),
    [
        ({}, [True], "passed"),
        ({}, [False], "failed"),
        ({"retries": 2}, [False, True], "flaky"),
        ({"retries": 2}, [False, False, False], "failed"),
        ({"retries": 2, "attempts_before": 1}, [False, False], "failed"),
        ({"retries": 2, "attempts_before": 1}, [True], "flaky"),
        ({"retries": 2, "attempts_before": 9}, [False], "failed"),
    ],
)
def test_the_attempts_of_a_test_mean_one_outcome(more: dict[str, Any], passes: list[bool], outcome: str) -> None:
    tried = policy(**more)
    verdicts = [tried.ended(passed) for passed in passes]
    assert verdicts == [None] * (len(passes) - 1) + [outcome]
    assert tried.made == more.get("attempts_before", 0) + len(passes)


@pytest.mark.parametrize(
    ("more", "keep", "traced"),
    [
        ({"retries": 2}, "on_failure", [False, True, True]),
        ({"retries": 0}, "on_failure", [True]),
        ({"retries": 2, "attempts_before": 1}, "on_failure", [True, True]),
        ({"retries": 1}, "on", [True, True]),
        ({"retries": 1}, "off", [False, False]),
    ],
)
def test_every_attempt_that_can_be_the_last_failure_is_recorded(
    more: dict[str, Any], keep: Keep, traced: list[bool]
) -> None:
    tried, seen = policy(**more), []
    while True:
        seen.append(tried.recorded(keep))
        if tried.ended(False):
            break
    assert seen == traced
