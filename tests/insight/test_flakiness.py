import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.insight import Flakiness, estimate, flakiness
from runs.insight.flakiness import above

LETTERS = {"p": "passed", "f": "failed", "r": "flaky"}


def outcomes(letters: str, version: int = 1, builds: str = "") -> list[dict[str, Any]]:
    """Newest first; a flaky result took one retry. All of one build, or of one named by a letter each."""
    return [
        {
            "run": 100 - age,
            "status": LETTERS[letter],
            "retries": int(letter == "r"),
            "version": version,
            "build": build,
            "kind": "" if letter == "p" else "expectation",
        }
        for age, (letter, build) in enumerate(zip(letters, builds or "a" * len(letters), strict=True))
    ]


@pytest.mark.parametrize(
    "letters", ["", "p", "f", "r", "pppppppppppppppppppp", "prpppppppppppppppppp", "pfp", "pf", "ff"]
)
def test_a_test_that_flipped_at_most_once_is_not_flaky(letters: str) -> None:
    assert not flakiness(outcomes(letters)).is_flaky


@pytest.mark.parametrize("letters", ["rr", "prpr", "prpppppppppppppppprp", "pfpfp", "pfppr", "fpfpfp"])
def test_a_test_that_flipped_twice_is_flaky(letters: str) -> None:
    found = flakiness(outcomes(letters))
    assert found.is_flaky
    assert 90 < found.score <= 100


@pytest.mark.parametrize("letters", ["ppfffpp", "fffppp", "ppffpp", "ffffffff"])
def test_failures_that_last_are_no_flips(letters: str) -> None:
    assert flakiness(outcomes(letters)).flips == 0
    assert flakiness(outcomes(letters)).score == 0.0


def test_a_defect_that_is_fixed_and_comes_back_is_no_flakiness() -> None:
    """Fixed in one build, back in the next, fixed again: three times over."""
    found = flakiness(outcomes("pfpfpfp", builds="gfedcba"))
    assert (found.flips, found.score, found.is_flaky) == (0, 0.0, False)
    assert flakiness(outcomes("pfpfpfp")).is_flaky


def test_outcomes_of_an_unknown_build_flip_with_nothing() -> None:
    unknown = [{**one, "build": ""} for one in outcomes("pfpfpfp")]
    assert flakiness(unknown).flips == 0
    assert flakiness([{**one, "build": ""} for one in outcomes("rprp")]).flips == 2


def test_it_knows_the_kinds_of_failures_that_came_and_went() -> None:
    assert flakiness(outcomes("prp")).kinds == {"expectation"}
    assert flakiness(outcomes("ffp")).kinds == frozenset()


def test_a_flaky_test_that_now_always_fails_is_broken_instead() -> None:
    flaky, broken = flakiness(outcomes("ffprprpr")), flakiness(outcomes("fffprprpr"))
    assert (flaky.is_flaky, flaky.is_broken) == (True, False)
    assert (broken.is_flaky, broken.is_broken) == (False, True)


def test_what_an_older_version_of_the_test_did_does_not_count() -> None:
    assert flakiness(outcomes("pp", version=2) + outcomes("rrrr")) == flakiness(outcomes("pp"))
    assert flakiness([]) == Flakiness()


def test_passes_after_the_flips_clear_a_test() -> None:
    scores = [flakiness(outcomes("p" * passes + "rr")).score for passes in range(0, 60, 10)]
    assert scores == sorted(scores, reverse=True)
    assert not flakiness(outcomes("p" * 50 + "rr")).is_flaky


@given(whole=st.tuples(st.integers(1, 12), st.integers(1, 60)), rate=st.floats(0.001, 0.999))
def test_the_beta_distribution_agrees_with_the_binomial_sum(whole: tuple[int, int], rate: float) -> None:
    """For whole numbers P(Beta(a, b) > x) = P(Bin(a + b - 1, x) < a)."""
    a, b = whole
    n = a + b - 1
    expected = sum(math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(a))
    assert above(rate, a, b) == pytest.approx(expected, abs=1e-9)


def test_a_duration_is_the_median_of_the_last_ten_passes_widened_by_their_spread() -> None:
    assert estimate([]) == 0
    assert estimate([1200]) == 1200
    assert estimate([1000] * 10) == 1000
    assert estimate([1000] * 10 + [9_000_000] * 10) == 1000
    steady, wild = estimate([900, 1000, 1100]), estimate([300, 1000, 3000])
    assert 1000 < steady < 1030 < wild == round(1000 * math.exp(0.5))


def test_one_odd_run_does_not_change_a_duration_by_much() -> None:
    assert estimate([60_000, 1000, 1010, 990, 1005, 1000]) < 1100


@given(durations=st.lists(st.integers(0, 1_800_000), min_size=1, max_size=10))
def test_a_duration_is_never_below_the_median_nor_two_thirds_above_it(durations: list[int]) -> None:
    logs = sorted(math.log(max(1, duration)) for duration in durations)
    middle = math.exp((logs[(len(logs) - 1) // 2] + logs[len(logs) // 2]) / 2)
    assert round(middle) <= estimate(durations) <= round(middle * math.exp(0.5))
