"""A budget of minutes on several slots."""

from random import Random

import pytest

from runs.planning import DispatchCandidate, dispatch_order, makespan, within_budget


def kept(candidates: list[DispatchCandidate], slots: int, budget_ms: int) -> list[str]:
    found = within_budget(candidates, slots, budget_ms)
    return [candidate.name for number, candidate in enumerate(candidates) if number in found]


def test_slots_work_side_by_side() -> None:
    candidates = [DispatchCandidate(str(number), estimate_ms=60_000) for number in range(10)]
    assert len(kept(candidates, 1, 120_000)) == 2
    assert len(kept(candidates, 4, 120_000)) == 8


def test_the_riskiest_are_kept_and_a_shorter_one_may_still_fit() -> None:
    candidates = [
        DispatchCandidate("dull", estimate_ms=50),
        DispatchCandidate("risky and long", risk=50, estimate_ms=80),
        DispatchCandidate("short", estimate_ms=20),
    ]
    assert kept(candidates, 1, 100) == ["risky and long", "short"]


def test_ties_keep_the_given_order() -> None:
    candidates = [DispatchCandidate(name, estimate_ms=10) for name in "abc"]
    assert kept(candidates, 1, 20) == ["a", "b"]


def test_smoke_tests_are_kept_with_what_they_need_whatever_they_take() -> None:
    candidates = [
        DispatchCandidate("risky", risk=99, estimate_ms=10),
        DispatchCandidate("smoke", smoke=True, estimate_ms=500, depends_on=("sign in",)),
        DispatchCandidate("sign in", estimate_ms=300),
    ]
    assert kept(candidates, 1, 100) == ["smoke", "sign in"]


def test_without_what_it_depends_on_nothing_is_kept() -> None:
    candidates = [
        DispatchCandidate("rows", estimate_ms=60),
        DispatchCandidate("rows", estimate_ms=60),
        DispatchCandidate("after", estimate_ms=1, depends_on=("rows",)),
        DispatchCandidate("after that", estimate_ms=1, depends_on=("after",)),
        DispatchCandidate("alone", estimate_ms=1),
    ]
    assert kept(candidates, 1, 100) == ["rows", "alone"]


def test_a_dependency_and_a_serial_group_take_their_time_on_any_number_of_slots() -> None:
    chain = [DispatchCandidate("a", estimate_ms=60), DispatchCandidate("b", estimate_ms=60, depends_on=("a",))]
    assert kept(chain, 8, 100) == ["a"]
    group = [DispatchCandidate(name, estimate_ms=60, serial="cart") for name in "ab"]
    assert kept(group, 8, 100) == ["a"]


def test_waiting_for_a_dependency_leaves_a_slot_to_others() -> None:
    candidates = [
        DispatchCandidate("long", risk=9, estimate_ms=100),
        DispatchCandidate("after", risk=8, estimate_ms=10, depends_on=("long",)),
        DispatchCandidate("other", estimate_ms=100),
    ]
    assert makespan(candidates, [0, 1, 2], 2) == 110


@pytest.mark.parametrize("seed", range(10))
def test_what_is_kept_ends_within_the_budget_in_the_order_of_dispatch_too(seed: int) -> None:
    random = Random(seed)
    candidates = [
        DispatchCandidate(str(number), risk=random.uniform(0, 90), estimate_ms=int(random.lognormvariate(8, 1)))
        for number in range(400)
    ]
    found = [candidates[number] for number in sorted(within_budget(candidates, 8, 120_000))]
    assert 20 < len(found) < 400
    assert makespan(found, dispatch_order(found, 8), 8) <= 1.02 * 120_000
