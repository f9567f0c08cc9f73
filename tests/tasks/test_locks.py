import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from runs.queue import stopping
from runs.queue.cluster import CLUSTER_DIR, FileLock, Traces

fork = multiprocessing.get_context("fork")

pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")]


def hold(lock: FileLock, held: threading.Event) -> None:
    lock.acquire()
    held.set()
    time.sleep(60)


def supervise(traces: Traces, held: threading.Event) -> None:
    traces.hold()
    held.set()
    time.sleep(60)


def test_a_lock_is_given_back_when_its_holder_is_killed() -> None:
    lock, held = FileLock(), fork.Event()
    holder = fork.Process(target=hold, args=(lock, held), daemon=True)
    holder.start()
    assert held.wait(60)
    assert not lock.acquire(block=False)
    assert not lock.acquire(timeout=0.05)
    assert holder.pid
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    assert lock.acquire(timeout=60)
    lock.release()


def test_a_lock_can_be_taken_twice_by_its_holder_and_is_free_after_the_last_release() -> None:
    lock = FileLock()
    with lock, lock:
        pass
    answers: list[bool] = []
    other = threading.Thread(target=lambda: answers.append(lock.acquire(timeout=1)))
    other.start()
    other.join()
    assert answers == [True]


def test_two_threads_of_one_process_exclude_each_other() -> None:
    lock = FileLock()
    answers: list[bool] = []
    with lock:
        other = threading.Thread(target=lambda: answers.append(lock.acquire(block=False)))
        other.start()
        other.join()
    assert answers == [False]


def test_a_child_forked_while_its_parent_holds_the_lock_does_not_hold_it() -> None:
    lock, took = FileLock(), fork.Queue()
    with lock:
        child = fork.Process(target=lambda: took.put(lock.acquire(block=False)))
        child.start()
        assert took.get(timeout=60) is False
        child.join()


def test_a_lock_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from runs.queue import cluster

    monkeypatch.setattr(cluster, "_lock_directory", lambda: str(tmp_path))
    lock = FileLock()
    with lock:
        assert list(tmp_path.iterdir())
    del lock
    assert list(tmp_path.iterdir()) == []


def test_a_worker_hears_that_its_cluster_is_asked_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not stopping()
    monkeypatch.setenv(CLUSTER_DIR, str(tmp_path))
    assert not stopping()
    Traces(tmp_path).ask_to_stop()
    assert stopping()


def test_a_worker_whose_supervisor_was_killed_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CLUSTER_DIR, str(tmp_path))
    held = fork.Event()
    supervisor = fork.Process(target=supervise, args=(Traces(tmp_path), held), daemon=True)
    supervisor.start()
    assert held.wait(60)
    assert not stopping()
    assert supervisor.pid
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.join()
    assert stopping()


def test_traces_tell_who_is_busy_and_when_a_task_last_ended(tmp_path: Path) -> None:
    traces, before = Traces(tmp_path), int(time.time())
    assert (traces.busy(), traces.last_beat()) == ([], 0.0)
    traces.started()
    assert (traces.busy(), traces.last_beat()) == ([os.getpid()], 0.0)
    traces.ended()
    assert traces.busy() == []
    assert before <= traces.last_beat() <= time.time()
