import os
import time
from pathlib import Path

import pytest
from django_q.models import OrmQ

from runs import queue
from runs.queue.canary import Canary
from runs.queue.cluster import Traces

pytestmark = pytest.mark.django_db

PERIOD = 30.0


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    from runs.queue import canary

    clock = Clock()
    monkeypatch.setattr(canary, "time", clock)
    return clock


@pytest.fixture
def traces(tmp_path: Path) -> Traces:
    """Of a cluster that has come up."""
    traces = Traces(tmp_path)
    traces.ready()
    return traces


def beat(traces: Traces, directory: Path, when: float) -> None:
    traces.ended()
    os.utime(directory / "beat", (when, when))


def test_an_idle_cluster_that_leaves_a_song_unsung_is_stuck(traces: Traces, tmp_path: Path, clock: Clock) -> None:
    canary = Canary(traces, 2, PERIOD)
    assert not canary.stuck()
    clock.now += 2 * PERIOD
    assert not canary.stuck()
    clock.now += 1
    assert canary.stuck()


def test_a_busy_cluster_is_not_stuck(traces: Traces, tmp_path: Path, clock: Clock) -> None:
    canary = Canary(traces, 1, PERIOD)
    canary.stuck()
    traces.started()
    clock.now += 100 * PERIOD
    assert not canary.stuck()


def test_a_killed_worker_does_not_count_as_busy(traces: Traces, tmp_path: Path, clock: Clock) -> None:
    canary = Canary(traces, 1, PERIOD)
    canary.stuck()
    (tmp_path / "busy-4194999").touch()
    clock.now += 3 * PERIOD
    assert canary.stuck()


def test_a_worker_that_takes_the_place_of_a_busy_one_is_given_time_to_sing(
    traces: Traces, tmp_path: Path, clock: Clock
) -> None:
    canary = Canary(traces, 1, PERIOD)
    traces.started()
    for _ in range(20):
        assert not canary.stuck()
        clock.now += PERIOD
    assert not canary.stuck()
    (tmp_path / f"busy-{os.getpid()}").rename(tmp_path / "busy-4194999")
    clock.now += 2 * PERIOD
    assert not canary.stuck()
    clock.now += 1
    assert canary.stuck()


def test_any_task_that_ended_since_answers_for_the_song(traces: Traces, tmp_path: Path, clock: Clock) -> None:
    canary = Canary(traces, 2, PERIOD)
    canary.stuck()
    clock.now += 3 * PERIOD
    beat(traces, tmp_path, clock.now - 1)
    assert not canary.stuck()


def test_a_song_sung_by_another_cluster_is_no_reproach_but_long_silence_is(
    traces: Traces, tmp_path: Path, clock: Clock
) -> None:
    canary = Canary(traces, 2, PERIOD)
    for _ in range(10):
        assert not canary.stuck()
        OrmQ.objects.all().delete()
        clock.now += PERIOD
    clock.now += 1
    assert canary.stuck()


def test_songs_are_sent_once_a_period_and_taken_back(traces: Traces, tmp_path: Path, clock: Clock) -> None:
    canary = Canary(traces, 2, PERIOD)
    for _ in range(7):
        canary.stuck()
        clock.now += PERIOD / 3
    assert queue.waiting() == OrmQ.objects.count() == 3
    canary.forget()
    assert queue.waiting() == 0


def test_a_cluster_that_is_still_starting_gets_a_minute(tmp_path: Path, clock: Clock) -> None:
    canary = Canary(Traces(tmp_path), 2, period=1)
    clock.now += 59
    assert not canary.stuck()
    assert queue.waiting() == 0
    clock.now += 2
    assert canary.stuck()
