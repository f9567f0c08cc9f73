"""Real processes race for one run, on the database under test."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.utils import timezone

from projects.models import Project, Test, Workspace
from runs import gates, ledger, reading, states
from runs.engine.plan import RunOptions
from runs.models import Lease, Run, RunEvent, Shard
from tests.ledger.conftest import DOCUMENT

ROOT = Path(__file__).resolve().parents[2]
RESULTS, SHARDS = 120, 4


@pytest.fixture
def race(product_environment: Mapping[str, str]) -> Callable[..., list[subprocess.Popen[str]]]:
    def start(shards: list[int | str], *extra: str) -> list[subprocess.Popen[str]]:
        return [
            subprocess.Popen(
                [sys.executable, "-m", "tests.races.racer", str(shard), f"racer:{number}", *extra],
                cwd=ROOT,
                env=product_environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number, shard in enumerate(shards)
        ]

    return start


@pytest.fixture
def run(transactional_db: None) -> Run:
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    project = Project.objects.create(workspace=workspace, name="Shop", url="http://shop.test/")
    tests = [Test.write(project, None, f"Test {number}", DOCUMENT) for number in range(RESULTS)]
    return ledger.open_test_run(ledger.RunRequest(project, None, "Ada"), RunOptions(shards=SHARDS), tests)


def shards_of(run: Run) -> list[int]:
    return list(Shard.objects.filter(run=run).order_by("index").values_list("pk", flat=True))


def words(processes: list[subprocess.Popen[str]]) -> list[list[str]]:
    return [process.communicate(timeout=120)[0].split() for process in processes]


def gap_free(run: Run) -> bool:
    seqs = list(RunEvent.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))
    return seqs == list(range(1, len(seqs) + 1))


def test_R7_four_processes_resolve_every_result_exactly_once(
    run: Run, race: Callable[..., list[subprocess.Popen[str]]]
) -> None:
    said = words(race(shards_of(run)))
    assert sum(int(lines[-1]) for lines in said) == RESULTS
    run.refresh_from_db()
    assert run.status == states.JUDGING
    told = Counter(RunEvent.objects.filter(run=run, type="result").values_list("data__result", flat=True))
    assert (len(told), set(told.values())) == (RESULTS, {1})
    assert gap_free(run)


def test_R6_of_four_processes_with_the_same_message_one_holds_the_shard(
    run: Run, race: Callable[..., list[subprocess.Popen[str]]]
) -> None:
    said = words(race([shards_of(run)[0]] * 4))
    assert sum(int(lines[-1]) for lines in said) == RESULTS
    assert Lease.objects.filter(shard__run=run).count() >= 1
    held = Lease.objects.filter(shard__run=run).order_by("opened_at")
    assert all(earlier.closed_at and later.opened_at >= earlier.closed_at for earlier, later in pairwise(held))


def test_R7_four_processes_that_come_at_the_same_moment_get_a_shard_each(
    run: Run, race: Callable[..., list[subprocess.Popen[str]]]
) -> None:
    said = words(race(["any"] * SHARDS, "at", str(time.time() + 4)))
    assert said == [["held"]] * SHARDS
    assert Lease.objects.filter(shard__run=run, state="open").values("shard").distinct().count() == SHARDS


def test_processes_that_ask_at_the_same_moment_never_get_the_same_one_time_code(
    transactional_db: None, race: Callable[..., list[subprocess.Popen[str]]]
) -> None:
    said = words(race(["code"] * 4, "at", str(time.time() + 4)))
    given = sorted(int(window) for lines in said for window in lines)
    assert given[-1] == 8
    assert len(given) == len(set(given))


def test_R12_a_process_killed_in_the_middle_of_a_test_loses_nothing(
    run: Run, race: Callable[..., list[subprocess.Popen[str]]]
) -> None:
    first = shards_of(run)[0]
    [dead] = race([first], "die-after", "5")
    assert words([dead]) == [["held"]]
    assert run.results.tally()["passed"] == 5
    assert run.results.tally()["running"] == 1
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ledger.sweep().lost == 1
    said = words(race(shards_of(run)))
    assert sum(int(lines[-1]) for lines in said) == RESULTS - 5
    assert run.results.tally()["passed"] == RESULTS
    assert gap_free(run)


def test_R20_an_abort_in_the_middle_stops_every_process_and_stays(
    run: Run, race: Callable[..., list[subprocess.Popen[str]]], eventually: Callable[..., object]
) -> None:
    processes = race(shards_of(run))
    eventually(lambda: run.results.tally()["passed"] > 3, every=0.005)
    ledger.abort(run.pk, "Ada")
    words(processes)
    run.refresh_from_db()
    tally = run.results.tally()
    assert run.status == states.ABORTED
    assert tally["pending"] == tally["running"] == 0
    assert RunEvent.objects.filter(run=run).order_by("-seq")[0].type == "done"
    assert gap_free(run)


def test_R18_a_run_is_ended_once_however_many_finalizers_try(
    run: Run, race: Callable[..., list[subprocess.Popen[str]]]
) -> None:
    words(race(shards_of(run)))
    run.refresh_from_db()
    judgement = gates.judge(reading.report(run))
    ledger.close(run.pk, judgement)
    with pytest.raises(ledger.StaleLease):
        ledger.close(run.pk, judgement)
    assert RunEvent.objects.filter(run=run, type="done").count() == 1
