from __future__ import annotations

import time
from itertools import combinations

import pytest

from runs.engine import identity
from tests.engine.identity.labelled import known, macro_f1, score

SITES = known()


@pytest.mark.parametrize("site", SITES)
def test_labelled_pages_of_four_sites_are_told_apart_without_a_setting_of_any(site: str) -> None:
    number, alike, reached = score(SITES[site])
    assert number >= 120
    assert alike >= 20
    assert reached >= 0.85


def test_a_comparison_takes_less_than_5_ms() -> None:
    pages = [page for _, page in SITES["oscar"]]
    pairs = list(combinations(pages, 2))
    began = time.perf_counter()
    for one, other in pairs:
        identity.distance(one, other)
    assert (time.perf_counter() - began) * 1000 / len(pairs) < 5


def test_macro_f1_is_1_when_all_is_right_and_0_when_all_is_wrong() -> None:
    assert macro_f1([(True, True), (False, False)]) == 1
    assert macro_f1([(True, False), (False, True)]) == 0
