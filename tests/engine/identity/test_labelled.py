from __future__ import annotations

from functools import partial
from itertools import combinations

import pytest

from runs.engine import identity
from tests.counting import steps_of
from tests.engine.identity.labelled import known, macro_f1, score

SITES = known()


@pytest.mark.parametrize("site", SITES)
def test_labelled_pages_of_four_sites_are_told_apart_without_a_setting_of_any(site: str) -> None:
    number, alike, reached = score(SITES[site])
    assert number >= 120
    assert alike >= 20
    assert reached >= 0.85


def test_a_comparison_looks_a_few_times_at_each_thing_that_two_pages_show() -> None:
    for page, other in combinations([page for _, page in SITES["oscar"]], 2):
        things = sum(len(side.paths) + len(side.words) + len(side.colours) for side in (page, other))
        assert steps_of(partial(identity.distance, page, other)) < 2 * things + 50


def test_macro_f1_is_1_when_all_is_right_and_0_when_all_is_wrong() -> None:
    assert macro_f1([(True, True), (False, False)]) == 1
    assert macro_f1([(True, False), (False, True)]) == 0
