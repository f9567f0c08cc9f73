"""What is left out of a run before it begins."""

import pytest

from runs.planning import Circular, DispatchCandidate, skips

CANDIDATES = [
    DispatchCandidate("a", estimate_ms=10),
    DispatchCandidate("b", estimate_ms=10, depends_on=("a",)),
    DispatchCandidate("c", estimate_ms=10, depends_on=("b",)),
    DispatchCandidate("smoke", estimate_ms=10, smoke=True),
    DispatchCandidate("d", estimate_ms=10),
]


def test_nothing_is_skipped_unless_something_asks_for_it() -> None:
    assert skips(CANDIDATES) == {}


def test_what_waits_for_a_quarantined_test_is_quarantined_with_it() -> None:
    assert skips(CANDIDATES, {"quarantined": {"b"}}) == {1: "quarantined", 2: "quarantined"}


def test_what_waits_for_a_stale_test_is_stale_with_it_where_it_is_not_quarantined() -> None:
    assert skips(CANDIDATES, {"stale": {"b"}, "quarantined": {"c"}}) == {1: "stale", 2: "quarantined"}


def test_what_an_impacted_test_needs_is_kept_and_smoke_always() -> None:
    assert skips(CANDIDATES, impacted={"b"}) == {2: "no_impact", 4: "no_impact"}
    assert skips(CANDIDATES, impacted=set()) == {0: "no_impact", 1: "no_impact", 2: "no_impact", 4: "no_impact"}


def test_the_budget_is_spent_on_what_is_left() -> None:
    found = skips(CANDIDATES, {"quarantined": {"b"}}, impacted={"a", "d"}, slots=1, budget_ms=20)
    assert found == {1: "quarantined", 2: "quarantined", 4: "over_budget"}


def test_names_that_are_not_in_the_run_are_no_matter() -> None:
    assert skips([DispatchCandidate("a", depends_on=("elsewhere",))], impacted={"a", "elsewhere"}) == {}


def test_a_circle_is_refused() -> None:
    with pytest.raises(Circular):
        skips([DispatchCandidate("a", depends_on=("b",)), DispatchCandidate("b", depends_on=("a",))])
