"""The order of dispatch: dependencies, risk, and no long test too late."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.planning import Circular, DispatchCandidate, dispatch_order, ideal_ms, makespan, risk_order
from tests.counting import steps_of


def names(candidates: list[DispatchCandidate], slots: int = 1) -> list[str]:
    return [candidates[number].name for number in dispatch_order(candidates, slots)]


def test_smoke_comes_first_then_priority_then_risk_then_the_longer_one_then_the_given_order() -> None:
    candidates = [
        DispatchCandidate("plain", estimate_ms=10),
        DispatchCandidate("low", "low", estimate_ms=10),
        DispatchCandidate("plain too", estimate_ms=10),
        DispatchCandidate("longer", estimate_ms=11),
        DispatchCandidate("risky", risk=80.5, estimate_ms=10),
        DispatchCandidate("important", "high", estimate_ms=10),
        DispatchCandidate("smoke", "low", smoke=True, estimate_ms=10),
    ] + [DispatchCandidate(f"filler {number}", "low", estimate_ms=1) for number in range(100)]
    assert names(candidates)[:7] == ["smoke", "important", "risky", "longer", "plain", "plain too", "low"]


def test_urgency_is_handed_on_to_what_is_depended_on() -> None:
    candidates = [
        DispatchCandidate("plain"),
        DispatchCandidate("needed", "low"),
        DispatchCandidate("smoke", smoke=True, depends_on=("needed",)),
        DispatchCandidate("risky", risk=50),
    ]
    assert names(candidates) == ["needed", "smoke", "risky", "plain"]


def test_a_dependency_outside_the_run_is_not_waited_for() -> None:
    assert dispatch_order([DispatchCandidate("a", depends_on=("elsewhere", "a"))]) == [0]


def test_all_rows_of_a_test_come_before_what_depends_on_it() -> None:
    candidates = [
        DispatchCandidate("after", risk=99, depends_on=("rows",)),
        *[DispatchCandidate("rows", estimate_ms=n) for n in (1, 9)],
    ]
    assert dispatch_order(candidates, 2) == [2, 1, 0]
    assert risk_order(candidates) == [1, 2, 0]


def test_a_circle_is_refused_with_its_names() -> None:
    circle = [
        DispatchCandidate("a", depends_on=("b",)),
        DispatchCandidate("b", depends_on=("a",)),
        DispatchCandidate("c"),
    ]
    for order in (dispatch_order, risk_order):
        with pytest.raises(Circular, match=r"in a circle: a, b\."):
            order(circle)


def test_equal_risk_is_longest_first() -> None:
    estimates = [Random(7).randint(100, 90_000) for _ in range(300)]
    candidates = [DispatchCandidate(str(number), risk=20, estimate_ms=ms) for number, ms in enumerate(estimates)]
    assert [estimates[number] for number in dispatch_order(candidates, 4)] == sorted(estimates, reverse=True)


def test_riskier_tests_come_first_as_long_as_no_long_test_is_late() -> None:
    risky = [DispatchCandidate(f"risky {number}", risk=60, estimate_ms=1_000) for number in range(40)]
    long = [DispatchCandidate("long", estimate_ms=2_500)]
    found = names([*long, *risky], 2)
    assert found.index("long") > 0, "it could wait: its latest start comes when less than all of the run is left"
    late = [DispatchCandidate("long", estimate_ms=18_000)]
    assert names([*late, *risky], 2)[0] == "long"


def test_a_long_chain_begins_early_though_each_of_its_tests_is_short_and_dull() -> None:
    chain = [DispatchCandidate(f"link {n}", estimate_ms=1_000, depends_on=(f"link {n - 1}",)) for n in range(20)]
    risky = [DispatchCandidate(f"risky {number}", risk=60, estimate_ms=1_000) for number in range(30)]
    candidates = [*risky, *chain]
    order = dispatch_order(candidates, 3)
    assert makespan(candidates, order, 3) <= 1.05 * ideal_ms(candidates, 3)


def test_a_serial_group_begins_early_though_each_of_its_tests_is_short_and_dull() -> None:
    group = [DispatchCandidate(f"one {number}", estimate_ms=1_000, serial="cart") for number in range(20)]
    risky = [DispatchCandidate(f"risky {number}", risk=60, estimate_ms=1_000) for number in range(30)]
    candidates = [*risky, *group]
    assert ideal_ms(candidates, 3) == 20_000
    assert makespan(candidates, dispatch_order(candidates, 3), 3) <= 21_000


PIECES = st.lists(
    st.builds(
        DispatchCandidate,
        name=st.integers(0, 30).map(str),
        priority=st.sampled_from(["high", "medium", "low"]),
        depends_on=st.just(()),
        smoke=st.booleans(),
        risk=st.floats(0, 135),
        estimate_ms=st.integers(0, 60_000),
        serial=st.sampled_from(["", "", "", "a", "b"]),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(PIECES, st.integers(1, 8), st.randoms(use_true_random=False))
def test_every_order_is_whole_and_puts_dependencies_first(
    pieces: list[DispatchCandidate], slots: int, random: Random
) -> None:
    candidates = [with_dependencies(piece, random) for piece in pieces]
    for order in (dispatch_order(candidates, slots), risk_order(candidates)):
        assert sorted(order) == list(range(len(candidates)))
        place = {number: at for at, number in enumerate(order)}
        for number, candidate in enumerate(candidates):
            for other, needed in enumerate(candidates):
                if needed.name in candidate.depends_on:
                    assert place[other] < place[number]
    if candidates:
        whole = makespan(candidates, dispatch_order(candidates, slots), slots)
        assert ideal_ms(candidates, slots) <= whole <= sum(candidate.estimate_ms for candidate in candidates)


def with_dependencies(piece: DispatchCandidate, random: Random) -> DispatchCandidate:
    """It waits for up to two tests of lower numbers, so that there is no circle."""
    below = range(int(piece.name))
    chosen = random.sample(below, min(len(below), random.choice([0, 0, 1, 2])))
    return DispatchCandidate(
        piece.name, piece.priority, tuple(map(str, chosen)), piece.smoke, piece.risk, piece.estimate_ms, piece.serial
    )


@pytest.mark.parametrize("slots", [1, 4, 16, 64])
@pytest.mark.parametrize("seed", range(5))
def test_the_makespan_stays_near_the_ideal_whatever_the_risks(slots: int, seed: int) -> None:
    random = Random(seed)
    candidates = [
        DispatchCandidate(str(number), risk=random.uniform(0, 135), estimate_ms=int(random.lognormvariate(8, 1)))
        for number in range(1_000)
    ]
    order = dispatch_order(candidates, slots)
    assert makespan(candidates, order, slots) <= 1.02 * ideal_ms(candidates, slots)


def many(count: int) -> list[DispatchCandidate]:
    random = Random(1)
    return [
        DispatchCandidate(
            str(number),
            depends_on=(str(random.randrange(number)),) if number and random.random() < 0.2 else (),
            risk=random.uniform(0, 135),
            estimate_ms=random.randint(100, 60_000),
            serial=random.choice(["", "", "", "", "cart"]),
        )
        for number in range(count)
    ]


def test_ordering_10_000_tests_is_hardly_more_work_for_each_than_ordering_1_000() -> None:
    few, lot = many(1_000), many(10_000)
    assert steps_of(lambda: dispatch_order(lot, 32)) < 15 * steps_of(lambda: dispatch_order(few, 32))
