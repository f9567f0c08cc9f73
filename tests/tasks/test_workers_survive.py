"""Any process of the workers is killed; work goes on, and nothing is left behind at the end."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.utils import timezone
from django_q.models import OrmQ

from runs import meters
from runs.models import Meter
from tests.tasks.conftest import Start, Workers

Chore = Callable[..., Path]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def gone(processes: list[psutil.Process]) -> bool:
    return not [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def replaced(workers: Workers, killed: psutil.Process) -> bool:
    parts = workers.parts()
    return len(parts) == 4 and killed not in parts


def test_an_idle_worker_killed_does_not_hang_the_cluster(start_workers: Start, chore: Chore, eventually: Any) -> None:
    workers = start_workers()
    cluster = workers.cluster()
    eventually(chore("note").exists)
    for _ in range(2):
        for victim in workers.parts()[:2]:
            victim.kill()
            eventually(lambda victim=victim: replaced(workers, victim))
        eventually(chore("note").exists)
    assert workers.cluster() == cluster
    assert workers.stop() == 0


def test_the_monitor_killed_does_not_hang_the_cluster(start_workers: Start, chore: Chore, eventually: Any) -> None:
    workers = start_workers()
    cluster = workers.cluster()
    eventually(chore("note").exists)
    eventually(lambda: not OrmQ.objects.exists())
    monitor = workers.parts()[2]
    monitor.kill()
    eventually(lambda: replaced(workers, monitor))
    eventually(chore("note").exists)
    eventually(lambda: not OrmQ.objects.exists())
    assert workers.cluster() == cluster
    assert workers.stop() == 0


def test_the_pusher_killed_is_replaced(start_workers: Start, chore: Chore, eventually: Any) -> None:
    workers = start_workers()
    pusher = workers.parts()[3]
    pusher.kill()
    eventually(lambda: replaced(workers, pusher))
    eventually(chore("note").exists)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_cluster_without_its_sentinel_is_started_again(
    start_workers: Start, chore: Chore, eventually: Any, number: int
) -> None:
    """django-q2 then ends with 0 as if all were well, and its workers go on unguarded."""
    workers = start_workers()
    first, sentinel, parts = workers.cluster(), workers.sentinel(), workers.parts()
    assert sentinel
    sentinel.send_signal(number)
    eventually(lambda: workers.cluster() not in (None, first))
    assert gone(parts)
    eventually(chore("note").exists)


def test_a_killed_cluster_is_started_again_and_its_orphans_ended(
    start_workers: Start, chore: Chore, eventually: Any
) -> None:
    workers = start_workers()
    first = workers.cluster()
    family = workers.everything()[1:]
    assert first
    first.kill()
    eventually(lambda: workers.cluster() not in (None, first))
    assert gone(family)
    eventually(chore("note").exists)


def test_a_cluster_that_does_not_take_work_is_started_again(
    start_workers: Start, chore: Chore, eventually: Any
) -> None:
    workers = start_workers(SENTRI_CANARY_SECONDS="2", SENTRI_GRACE_SECONDS="1")
    first = workers.cluster()
    eventually(chore("note").exists)
    pusher = workers.parts()[3]
    pusher.suspend()
    eventually(lambda: workers.cluster() not in (None, first))
    assert gone([pusher])
    eventually(lambda: Meter.objects.filter(name=meters.RESTARTS, value=1).exists())
    eventually(chore("note").exists)


def test_a_healthy_idle_cluster_is_left_alone(start_workers: Start, chore: Chore, eventually: Any) -> None:
    workers = start_workers(SENTRI_CANARY_SECONDS="3")
    first = workers.cluster()
    eventually(chore("note").exists)
    time.sleep(10)
    assert workers.cluster() == first


def test_a_busy_cluster_leaves_messages_to_the_idle_workers_of_others(
    start_workers: Start, chore: Chore, eventually: Any
) -> None:
    start_workers()
    first = [chore("sleep", 300) for _ in range(2)]
    eventually(lambda: all(path.with_suffix(".started").exists() for path in first))
    third = chore("note")
    time.sleep(2)
    untaken = OrmQ.objects.filter(lock__lte=timezone.now())
    assert any(row.func() == "tests.tasks.chores.note" for row in untaken)
    assert not third.exists()
    start_workers()
    eventually(third.exists)


def test_a_stop_lets_a_task_finish(start_workers: Start, chore: Chore, eventually: Any) -> None:
    workers = start_workers(SENTRI_GRACE_SECONDS="30")
    done = chore("sleep", 2)
    eventually(done.with_suffix(".started").exists)
    family = workers.everything()
    assert workers.stop() == 0
    assert done.exists()
    assert gone(family)


def test_a_stop_tells_tasks_so_that_they_give_back_what_they_hold(
    start_workers: Start, chore: Chore, eventually: Any
) -> None:
    workers = start_workers(SENTRI_GRACE_SECONDS="30")
    done = chore("give_back")
    eventually(done.with_suffix(".started").exists)
    assert workers.stop(signal.SIGINT, timeout=120) == 0
    assert done.exists()


def test_a_task_that_does_not_end_is_killed_after_the_grace_period(
    start_workers: Start, chore: Chore, eventually: Any
) -> None:
    workers = start_workers(SENTRI_GRACE_SECONDS="2")
    done = chore("sleep", 300)
    eventually(done.with_suffix(".started").exists)
    family = workers.everything()
    assert workers.stop(timeout=120) == 0
    assert not done.exists()
    assert gone(family)


@pytest.mark.skipif(not hasattr(signal, "pidfd_send_signal"), reason="the kernel tells children of it on Linux only")
def test_a_killed_supervisor_leaves_nothing_running(start_workers: Start, chore: Chore, eventually: Any) -> None:
    workers = start_workers()
    family = workers.everything()
    workers.supervisor.kill()
    eventually(lambda: gone(family))


def test_the_supervisor_leaves_no_files(start_workers: Start, tmp_path: Path) -> None:
    own = tmp_path / "temporary"
    own.mkdir()
    workers = start_workers(TMPDIR=str(own))
    assert list(own.iterdir())
    assert workers.stop() == 0
    assert list(own.iterdir()) == []
