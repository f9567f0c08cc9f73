"""A worker that hangs, however it does, is noticed without the database, killed and replaced; the others go on."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings
from django.db import transaction

from projects.models import Project
from runs import heartbeats, ledger, meters
from runs.engine.plan import RunOptions
from runs.management.drill.outside import CONTROL
from runs.management.drill.spinning import SPIN
from runs.models import Meter, Run, Worker
from runs.queue.cluster import patience
from runs.queue.pulses import ENGINE, PROCESS, SIZE, TASK, Hung, Pulse, PulseWatch
from tests.tasks.conftest import Start, Workers
from tests.watching.conftest import SEEING, approved, site, slow

__all__ = ["site", "slow"]

Chore = Callable[..., Path]
LEASE = 3.0
SHORT = {"SENTRI_LEASE_SECONDS": str(LEASE), "SENTRI_RENEW_SECONDS": "1"}
# The product promises lease + 2 s; a test on a machine that does other things as well waits longer before it fails.
PATIENCE = 30.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pulse(tmp_path: Path) -> Pulse:
    """Of this process, whose thread does not count by itself."""
    pulse = Pulse()
    pulse._ended.set()
    pulse.begin(tmp_path, 4)
    return pulse


def looked(watch: PulseWatch, clock: Clock, seconds: float) -> list[Hung]:
    found: list[Hung] = []
    for _ in range(round(seconds / 0.2)):
        clock.now += 0.2
        found = watch.look()
    return found


def test_what_holds_a_lease_may_be_silent_for_the_lease_and_less_than_two_seconds_more() -> None:
    """It is killed, and another started, within two seconds of its lease's end: a second of them is for that."""
    assert settings.ENV.lease_seconds < patience() <= settings.ENV.lease_seconds + 1


def test_a_process_that_counts_does_not_hang(pulse: Pulse, tmp_path: Path, clock: Clock) -> None:
    watch = PulseWatch(tmp_path, clock)
    for _ in range(5):
        assert looked(watch, clock, 3) == []
        pulse.beat(PROCESS)


def test_a_process_that_counts_no_more_hangs_after_what_it_is_allowed(
    pulse: Pulse, tmp_path: Path, clock: Clock
) -> None:
    watch = PulseWatch(tmp_path, clock)
    assert looked(watch, clock, 4) == []
    [hung] = looked(watch, clock, 0.6)
    assert (hung.part, round(hung.seconds)) == (PROCESS, 4)
    assert hung.words == "the process gave no sign of life for 4 s"


@pytest.mark.parametrize("part", [TASK, ENGINE])
def test_a_part_that_counts_no_more_hangs_although_the_process_counts(
    pulse: Pulse, tmp_path: Path, clock: Clock, part: str
) -> None:
    watch = PulseWatch(tmp_path, clock)
    pulse.allow(part, 2)
    found = []
    for _ in range(4):
        pulse.beat(PROCESS)
        found += [hung.part for hung in looked(watch, clock, 1)]
    assert set(found) == {part}


def test_a_part_without_work_may_be_silent(pulse: Pulse, tmp_path: Path, clock: Clock) -> None:
    watch = PulseWatch(tmp_path, clock)
    pulse.allow(PROCESS, 0)
    with pulse.allowed(TASK, 2):
        pass
    assert looked(watch, clock, 100) == []


def test_a_main_thread_that_waits_for_the_database_does_not_hang(pulse: Pulse, tmp_path: Path, clock: Clock) -> None:
    watch = PulseWatch(tmp_path, clock)
    pulse.allow(PROCESS, 0)
    pulse.allow(TASK, 2)
    found: list[Hung] = []

    def execute(*_: Any) -> None:
        found.extend(looked(watch, clock, 20))

    pulse.around_statements(execute, "BEGIN", None, False, {})
    assert found == []
    assert [hung.part for hung in looked(watch, clock, 3)] == [TASK]


def test_a_supervisor_that_slept_blames_nobody(pulse: Pulse, tmp_path: Path, clock: Clock) -> None:
    watch = PulseWatch(tmp_path, clock)
    watch.look()
    clock.now += 3600
    assert watch.look() == []


def test_files_of_processes_that_are_gone_go(tmp_path: Path, clock: Clock) -> None:
    left = tmp_path / "pulse-4194999"
    left.write_bytes(bytes(SIZE))
    assert PulseWatch(tmp_path, clock).look() == []
    assert not left.exists()


@pytest.mark.django_db
def test_a_hung_worker_is_remembered_for_a_day() -> None:
    assert heartbeats.hung_lately() == ""
    heartbeats.hung(4711, "the process gave no sign of life for 16 s")
    heartbeats.forget_silent()
    row = Worker.objects.get()
    assert row.hung_at
    when = row.hung_at.isoformat(timespec="seconds")
    sign = "the process gave no sign of life for 16 s"
    assert heartbeats.hung_lately() == f"1 worker hung and was replaced at {when}: {sign}."
    assert heartbeats.state_of(row, row.seen_at) == "hung"
    assert not heartbeats.living().exists()
    heartbeats.hung(4712, "the process gave no sign of life for 17 s")
    assert heartbeats.hung_lately().startswith(f"2 workers hung since {when} and were replaced; the last one at ")


def replaced(workers: Workers, hung: psutil.Process) -> bool:
    parts = workers.parts()
    return len(parts) == 4 and hung not in parts


@pytest.mark.django_db(transaction=True)
@pytest.mark.once
@pytest.mark.parametrize(("name", "part"), [("spin", PROCESS), ("halt", PROCESS), ("spin_in_the_engine", ENGINE)])
def test_a_worker_that_hangs_is_killed_and_replaced(
    start_workers: Start, chore: Chore, eventually: Any, name: str, part: str
) -> None:
    workers = start_workers(**SHORT)
    cluster = workers.cluster()
    done = chore(name)
    started = done.with_suffix(".started")
    eventually(started.exists)
    began = time.monotonic()
    hung = psutil.Process(int(started.read_text()))
    eventually(lambda: replaced(workers, hung), seconds=PATIENCE)
    assert time.monotonic() - began >= LEASE
    eventually(lambda: Meter.objects.filter(name=meters.HUNG, label=part, value=1).exists())
    eventually(lambda: Worker.objects.filter(pid=hung.pid).exclude(hung_at=None).exists())
    for _ in range(3):
        eventually(chore("note").exists)
    assert workers.cluster() == cluster, "the others went on"
    assert workers.stop() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.once
def test_a_worker_that_hangs_while_it_has_locked_the_database_frees_it(
    start_workers: Start, chore: Chore, eventually: Any
) -> None:
    workers = start_workers(**SHORT)
    started = chore("spin_in_a_transaction").with_suffix(".started")
    eventually(started.exists)
    hung = psutil.Process(int(started.read_text()))
    with transaction.atomic():
        Meter.objects.create(name="written after it")
    eventually(lambda: replaced(workers, hung), seconds=PATIENCE)
    assert not Meter.objects.filter(name="locks everybody out").exists()
    eventually(chore("note").exists)
    assert workers.stop() == 0


@pytest.mark.once
def test_R13_a_test_over_which_workers_hang_fails_alone_and_its_run_is_judged(
    slow: Project, start_workers: Start, eventually: Any
) -> None:
    """Beside it others run in the same process; whoever executes it is made to spin."""
    tests = approved(slow, 4, SEEING)
    start_workers(**SHORT, **{CONTROL: "none"})
    order = ledger.RunRequest(slow, None, "Ada")
    run = ledger.open_test_run(order, RunOptions(shards=1, parallel=3, trace="off"), tests)
    hung: set[str] = set()

    def over() -> bool:
        running = run.results.filter(title="Test 0", status="running").values_list("lease__worker", flat=True)
        for worker in set(running) - hung:
            hung.add(worker)
            os.kill(int(worker.rpartition(":")[2]), SPIN)
        return bool(Run.objects.get(pk=run.pk).is_over)

    eventually(over)
    run.refresh_from_db()
    assert (run.status, run.verdict) == ("completed", "failed")
    found = dict(run.results.values_list("title", "status"))
    assert found == {"Test 0": "failed", "Test 1": "passed", "Test 2": "passed", "Test 3": "passed"}
    assert run.results.get(title="Test 0").error_kind == "crash"
    assert len(hung) == 2, "it was given to another worker once"
