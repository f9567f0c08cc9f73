"""Supervisors, machines, PostgreSQL and Redis go away in the middle of a run, which still comes to its right end."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from psutil import NoSuchProcess, Process

from projects.models import Project
from runs.models import Lease, Run
from tests import servers
from tests.tasks.conftest import ROOT, Start, Workers
from tests.tasks.test_workers_survive import gone
from tests.watching.conftest import SHORT
from tests.watching.test_workers import over, run_of


def ended_well(run: Run, count: int) -> bool:
    run.refresh_from_db()
    seqs = list(run.events.order_by("seq").values_list("seq", flat=True))
    kinds = list(run.events.values_list("type", flat=True))
    assert (run.status, run.verdict) == ("completed", "passed")
    assert run.results.tally()["passed"] + run.results.tally()["flaky"] == count
    assert seqs == list(range(1, len(seqs) + 1))
    assert (kinds.count("result"), kinds.count("done")) == (count, 1)
    return True


def started(run: Run, results: int = 1) -> Callable[[], bool]:
    return lambda: run.events.filter(type="result").count() >= results


def test_a_supervisor_killed_during_a_run_is_started_again_and_the_run_ends(
    slow: Project, start_workers: Start, eventually: Any
) -> None:
    workers = start_workers(**SHORT)
    run = run_of(slow, 30)
    eventually(started(run))
    family = workers.everything()
    workers.supervisor.kill()
    eventually(lambda: gone(family), seconds=30)
    assert not over(run)(), "its workers gave the rest back"
    start_workers(**SHORT)
    eventually(over(run))
    assert ended_well(run, 30)


def test_a_machine_that_goes_down_leaves_its_work_to_the_other(
    slow: Project, start_workers: Start, eventually: Any
) -> None:
    """Two supervisors on one database; each sweeps, and no lease is lost twice."""
    first, second = start_workers(**SHORT), start_workers(**SHORT)
    run = run_of(slow, 28, shards=4)
    eventually(lambda: Lease.objects.filter(state="open").count() == 4)
    eventually(started(run, 3))
    here, family = {part.pid for part in first.parts()}, first.everything()
    for act in (Process.suspend, Process.kill):  # suspended, nobody sees the others go and gives work back
        for process in family:
            with suppress(NoSuchProcess):  # a part that was just replaced
                act(process)
    eventually(over(run))
    assert ended_well(run, 28)
    held = [lease for lease in Lease.objects.all() if int(lease.worker.rpartition(":")[2]) in here]
    lost = [lease for lease in held if lease.state == "lost"]
    assert lost
    told = run.events.filter(type="shard_lost").values_list("data__shard", "data__lease")
    end = run.finished_at
    assert end  # what is lost later is nothing to the run: others had done the rest
    meanwhile = [(one.shard.index, one.number) for one in lost if (one.closed_at or end) < end]
    assert sorted(told) == sorted(meanwhile)
    assert second.stop() == 0


# --- servers that go away; each test has its own ---


class Scene:
    """Workers and a run on a database of their own, seen from outside."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.environment = environment
        self.log = log
        self.run = ""

    def open(self, url: str, count: int, shards: int = 2) -> None:
        self.run = self._ask("open", url, str(count), str(shards))

    def look(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._ask("look", self.run))
        return found

    def _ask(self, *words: str) -> str:
        command = [sys.executable, "-m", "tests.watching.scene", *words]
        answer = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.strip().splitlines()[-1]

    def ended_well(self, count: int) -> bool:
        found = self.look()
        assert (found["status"], found["verdict"]) == ("completed", "passed"), found
        assert found["tally"]["passed"] + found["tally"]["flaky"] == count
        assert (found["gap_free"], found["results_told"], found["done_told"]) == (True, count, 1)
        return True


SERVERS = ("SENTRI_DATABASE_URL", "SENTRI_REDIS_URL")
Stage = Callable[..., Scene]
StartHere = Callable[[Scene], Workers]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    def set_up(**environment: str) -> Scene:
        outside = {name: value for name, value in os.environ.items() if name not in SERVERS}
        own = {"SENTRI_DATA_DIR": str(tmp_path / "data"), "TMPDIR": str(tmp_path), **SHORT, **environment}
        return Scene({**outside, **own}, tmp_path / "workers.log")

    return set_up


@pytest.fixture
def start_here(eventually: Any) -> Iterator[StartHere]:
    with ExitStack() as stack:

        def start(scene: Scene) -> Workers:
            workers = Workers(scene.environment, scene.log, "--workers", "2")
            stack.callback(workers.kill)
            eventually(lambda: len(workers.parts()) == 4)
            return workers

        yield start


def under_way(scene: Scene) -> Callable[[], bool]:
    return lambda: scene.look()["results_told"] >= 2


def ended(scene: Scene) -> Callable[[], bool]:
    return lambda: scene.look()["status"] in ("completed", "failed", "aborted")


@pytest.mark.postgresql
def test_R16_a_database_that_restarts_delays_a_run_and_loses_nothing(
    site: str, stage: Stage, start_here: StartHere, eventually: Any
) -> None:
    """It is away while workers are busy, and again while they are idle."""
    with servers.restartable_postgresql() as database:
        scene = stage(SENTRI_DATABASE_URL=database.url)
        scene.open(f"{site}/", 16)
        start_here(scene)
        eventually(under_way(scene), every=0.5)
        database.stop()
        time.sleep(2)
        database.start()
        eventually(ended(scene), every=0.5)
        assert scene.ended_well(16)
        database.stop()
        database.start()
        scene.open(f"{site}/", 2, 1)
        eventually(ended(scene), every=0.5)
        assert scene.ended_well(2)
        eventually(lambda: scene.look()["workers"] == 2, seconds=20, every=0.5)


@pytest.mark.postgresql
def test_R16_a_redis_that_comes_back_empty_delays_a_run_and_loses_nothing(
    site: str, stage: Stage, start_here: StartHere, eventually: Any
) -> None:
    """It carries bells and messages; those that it forgot are sent again."""
    with servers.postgresql() as database, servers.restartable_redis() as redis:
        scene = stage(SENTRI_DATABASE_URL=database, SENTRI_REDIS_URL=redis.url, SENTRI_BROKER="redis")
        scene.open(f"{site}/", 4, 1)
        redis.stop()
        redis.start()
        start_here(scene)
        eventually(under_way(scene), every=0.5)
        redis.stop()
        time.sleep(1)
        redis.start()
        eventually(ended(scene), every=0.5)
        assert scene.ended_well(4)
        assert scene.look()["meters"]["sentri_messages_resent_total shard"] >= 1
