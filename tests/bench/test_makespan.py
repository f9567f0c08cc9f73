"""The simulation of runs: that it keeps the product's rules, and what comes out of it."""

import json
from random import Random

import pytest

from bench.makespan import SCENARIOS, arguments, drawn, main, played
from bench.playing import Floor, Loss, Piece, parted, slices
from runs.planning import share


def floor(takes: list[int], homes: list[int], workers: int, loss: Loss | None = None, wrong: int = 0) -> Floor:
    """Tests whose estimates are right, but for the last one where it is to take `wrong` instead."""
    pieces = [Piece(ms, ms, ms) for ms in takes]
    if wrong:
        pieces[-1] = Piece(takes[-1], wrong, takes[-1])
    return Floor(pieces, homes, range(len(takes)), workers, loss)


def test_a_worker_takes_its_own_share_first_and_then_helps_the_slowest() -> None:
    alone = floor([10] * 6, [0, 0, 0, 0, 0, 1], 2)
    assert alone.makespan() == 30
    assert alone.begun == {0: 0, 5: 0, 1: 10, 2: 10, 3: 20, 4: 20}
    among = floor([10, 10, 10, 50, 50], [0, 1, 1, 2, 2], 3)
    among.makespan()
    assert among.begun[4] == 10, "home 2 has the longest way to go"


def test_an_idle_worker_repeats_what_takes_more_than_twice_its_time_and_the_first_to_finish_wins() -> None:
    hangs = floor([1_000] * 3, [0, 1, 1], 2, wrong=90_000)
    assert hangs.makespan() == 1_000 + 2 * 1_000 + 1 + 1_000
    assert hangs.hedges == 1
    slow = floor([1_000] * 3, [0, 1, 1], 2, wrong=2_500)
    assert (slow.makespan(), slow.hedges) == (3_500, 1), "the first execution was done first"
    well = floor([1_000] * 3, [0, 1, 1], 2, wrong=2_000)
    assert (well.makespan(), well.hedges) == (3_000, 0)


def test_what_a_lost_worker_ran_is_run_again_by_others_once_its_lease_has_expired() -> None:
    lost = floor([10, 10, 10, 10], [0, 0, 1, 1], 2, Loss(worker=0, at=15, lease=30))
    assert lost.makespan() == 55
    assert len(lost.begun) == 4


@pytest.mark.parametrize("seed", range(5))
def test_every_test_ends_once_however_workers_die(seed: int) -> None:
    random = Random(seed)
    takes = [random.randint(1, 200) for _ in range(60)]
    for at in range(0, 900, 100):
        lost = floor(takes, share(takes, 4), 4, Loss(random.randrange(4), at, 20))
        assert lost.makespan() >= sum(takes) / 4
        assert len(lost.begun) == 60


def test_fixed_shares_end_with_the_slowest_and_wait_for_the_rest_of_a_lost_one() -> None:
    pieces = [Piece(10, 10, 10)] * 4
    assert slices(7, 3) == [0, 0, 0, 1, 1, 2, 2]
    assert parted(pieces, [0, 0, 0, 1], 2) == 30
    assert parted(pieces, [0, 0, 1, 1], 2, Loss(0, 15, 30)) == 55


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.words)
@pytest.mark.parametrize("workers", [4, 16])
def test_a_run_comes_nearer_to_the_ideal_than_fixed_shares(scenario: object, workers: int) -> None:
    outcome = played(drawn(1, 500, scenario), workers, scenario)  # type: ignore[arg-type]
    mine, *others = outcome.ratios.values()
    assert mine < min(others)
    assert outcome.risky_by < 0.4


@pytest.mark.parametrize("scenario", SCENARIOS[:3], ids=lambda scenario: scenario.words)
def test_the_makespan_is_within_5_per_cent_of_the_ideal(scenario: object) -> None:
    for workers in (4, 16):
        for seed in range(4):
            assert played(drawn(seed, 500, scenario), workers, scenario).ratios["Sentri"] <= 1.05  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_suite() -> None:
    assert drawn(3, 50, SCENARIOS[1]) == drawn(3, 50, SCENARIOS[1])
    assert drawn(3, 50, SCENARIOS[1]) != drawn(4, 50, SCENARIOS[1])


def test_the_command_prints_a_row_for_each_case_and_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--tests", "40", "--seeds", "2", "--workers", "3", "--json"]) == 0
    printed = capsys.readouterr().out.splitlines()
    found = json.loads(printed[-1])
    assert [row["scenario"] for row in found["rows"]] == [scenario.words for scenario in SCENARIOS]
    assert 1 <= found["ratio_to_ideal"] <= found["worst_ratio_to_ideal"]
    assert sum(line.startswith("|       3 |") for line in printed) == len(SCENARIOS)


@pytest.mark.parametrize("given", [["--workers", "1"], ["--workers", "x"], ["--tests", "3"], ["--seeds", "0"]])
def test_what_cannot_be_simulated_is_refused_in_one_sentence(given: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments(given)
    assert ended.value.code == 2
