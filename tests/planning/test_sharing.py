"""Homes, helping and hedging."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from runs.planning import share, slowest, worth_hedging


def loads(estimates: list[int], homes: list[int], shards: int) -> list[int]:
    return [sum(ms for ms, home in zip(estimates, homes, strict=True) if home == shard) for shard in range(shards)]


def test_shares_of_equal_tests_differ_by_one_at_most() -> None:
    for estimates in ([100] * 7, [0] * 7):
        homes = share(estimates, 3)
        assert sorted(homes.count(home) for home in range(3)) == [2, 2, 3]


def test_shares_take_equally_long_rather_than_hold_equally_many() -> None:
    assert loads([90, 30, 30, 30], share([90, 30, 30, 30], 2), 2) == [90, 90]


@given(st.lists(st.integers(0, 100_000), max_size=60), st.integers(1, 8))
def test_no_share_exceeds_the_mean_by_more_than_the_longest_test(estimates: list[int], shards: int) -> None:
    homes = share(estimates, shards)
    assert set(homes) <= set(range(shards))
    mean = sum(estimates) / shards
    assert max(loads(estimates, homes, shards), default=0) <= mean + max(estimates, default=0)


def test_shares_of_many_tests_are_nearly_equal() -> None:
    random = Random(3)
    estimates = [int(random.lognormvariate(8, 1)) for _ in range(2_000)]
    found = loads(estimates, share(estimates, 16), 16)
    assert max(found) / (sum(found) / 16) < 1.001


def test_a_serial_group_stays_in_one_home() -> None:
    estimates = [50, 10, 10, 10, 40, 40]
    homes = share(estimates, 3, ["", "cart", "cart", "cart", "", ""])
    assert len(set(homes[1:4])) == 1
    assert sorted(loads(estimates, homes, 3)) == [40, 50, 70]


def test_the_slowest_share_is_the_one_with_the_longest_way_to_go() -> None:
    assert slowest({0: 2_000, 1: 5_000, 2: 5_000}) == 1
    assert slowest({4: 0}) == 4, "what has no estimate is left all the same"
    assert slowest({}) is None


def test_a_test_is_worth_a_hedge_after_twice_its_estimate_and_a_second_at_least() -> None:
    assert not worth_hedging(2_000, 1_000)
    assert worth_hedging(2_001, 1_000)
    assert not worth_hedging(1_000, 100)
    assert worth_hedging(1_001, 100)
    assert not worth_hedging(60_000, 0), "of an unknown time nothing is too long"
