import pytest

from runs.planning import Candidate, Circular, dispatch_order, saturated, share, slowest


def test_dependencies_come_first_then_priority_then_the_given_order() -> None:
    candidates = [
        Candidate("low", "low"),
        Candidate("needs low", "high", ("low",)),
        Candidate("first"),
        Candidate("high", "high"),
        Candidate("second"),
    ]
    assert [candidates[number].name for number in dispatch_order(candidates)] == [
        "high",
        "first",
        "second",
        "low",
        "needs low",
    ]


def test_a_dependency_outside_the_run_is_not_waited_for() -> None:
    assert dispatch_order([Candidate("a", depends_on=("elsewhere", "a"))]) == [0]


def test_a_circle_is_refused_with_its_names() -> None:
    with pytest.raises(Circular, match="in a circle: a, b"):
        dispatch_order([Candidate("a", depends_on=("b",)), Candidate("b", depends_on=("a",)), Candidate("c")])


def test_shares_differ_by_one_at_most() -> None:
    homes = share(7, 3)
    assert sorted(homes.count(home) for home in range(3)) == [2, 2, 3]


def test_the_slowest_share_is_the_one_with_most_left() -> None:
    assert slowest({0: 2, 1: 5, 2: 5}) == 1
    assert slowest({0: 0}) is None


@pytest.mark.parametrize(
    ("templates", "answer"), [(["a", "a", "a"], True), (["a", "a"], False), (["a", "a", "b"], False)]
)
def test_a_shape_is_saturated_when_enough_of_its_pages_look_the_same(templates: list[str], answer: bool) -> None:
    assert saturated(templates, 3) is answer
