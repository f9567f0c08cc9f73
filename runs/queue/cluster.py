"""What keeps a django-q2 cluster alive when one of its processes is killed.

Its processes share queues and timers guarded by POSIX semaphores, which stay locked for ever when their holder is
killed: an idle worker always holds one. Here they are guarded by flock, which the kernel gives back.
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from django import db
from django.conf import settings

from runs.queue import pulses

CLUSTER_DIR = "SENTRI_CLUSTER_DIR"
# A part that is silent for so much longer than a lease hangs: the lease has run out, whoever looks.
BEYOND_LEASE_SECONDS = 1.0
# Verdicts and deliveries hold no lease; they wait for servers of others.
ERRAND_SECONDS = 300.0


class FileLock:
    """A reentrant lock between processes and threads that dies with its holder.

    flock belongs to an open file, which a fork shares: so each process opens the file itself.
    """

    def __init__(self) -> None:
        descriptor, name = tempfile.mkstemp(prefix="lock-", dir=_lock_directory())
        os.close(descriptor)
        self._path = Path(name)
        self._creator = os.getpid()
        self._owner = 0

    def _open(self) -> None:
        if self._owner != os.getpid():
            # CLOEXEC: drivers and browsers that a worker starts would keep the lock after its death.
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            self._threads = threading.RLock()
            self._depth = 0
            self._owner = os.getpid()

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        self._open()
        deadline = None if timeout is None else time.monotonic() + timeout
        # flock does not tell apart the threads of one process, which share the open file.
        if not self._threads.acquire(block, -1 if timeout is None or not block else max(timeout, 0)):
            return False
        if self._depth == 0 and not self._lock_file(block, deadline):
            self._threads.release()
            return False
        self._depth += 1
        return True

    def _lock_file(self, block: bool, deadline: float | None) -> bool:
        if block and deadline is None:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            return True
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            if not block or (deadline is not None and time.monotonic() >= deadline):
                return False
            time.sleep(0.005)

    def release(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._threads.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        if self._owner == os.getpid():
            os.close(self._descriptor)
        if self._creator == os.getpid():
            with contextlib.suppress(OSError):
                self._path.unlink()


@cache
def _lock_directory() -> str:
    """The supervisor's directory for this cluster; without a supervisor one that ends with the sentinel."""
    given = os.environ.get(CLUSTER_DIR)
    if given:
        return given
    own = tempfile.mkdtemp(prefix="sentri-locks-")
    Finalize(None, shutil.rmtree, args=(own, True), exitpriority=-100)
    return own


def value(kind: str, start: float) -> Any:
    return multiprocessing.Value(kind, start, lock=FileLock())  # type: ignore[call-overload]


def make_robust(begin: Callable[[], None]) -> None:
    """Puts the locks in and, under a supervisor, lets workers leave traces of their life. Called once per process.

    `begin` is called in each worker before its first task.
    """
    from django_q import cluster, queues
    from django_q.signals import post_execute_in_worker, post_spawn, pre_execute

    class Queue(queues.Queue):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._rlock = FileLock()
            self._wlock = FileLock()
            self.size.count = value("i", 0)

    cluster.Queue = Queue
    cluster.Value = value
    if os.environ.get(CLUSTER_DIR):
        # In this order: a worker is watched before it does anything, and is ready once it has begun.
        post_spawn.connect(_worker_lives, dispatch_uid="sentri-lives")
    post_spawn.connect(lambda **_: begin(), weak=False, dispatch_uid="sentri-begin")
    if os.environ.get(CLUSTER_DIR):
        post_spawn.connect(_worker_started, dispatch_uid="sentri")
        pre_execute.connect(_task_started, dispatch_uid="sentri")
        post_execute_in_worker.connect(_task_ended, dispatch_uid="sentri")
        if os.getpid() == os.getpgrp():
            threading.Thread(target=_outlive_nobody, name="guard", daemon=True).start()


def _outlive_nobody() -> None:
    """In the leader of a cluster: where its supervisor is gone and the cluster does not end by itself, it is ended."""
    traces = Traces(Path(os.environ[CLUSTER_DIR]))
    while not traces.abandoned():
        time.sleep(1)
    time.sleep(settings.ENV.grace_seconds)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def patience() -> float:
    """How long what holds a lease may be silent, in seconds."""
    return settings.ENV.lease_seconds + BEYOND_LEASE_SECONDS


def _worker_lives(**_: Any) -> None:
    pulses.own.begin(Path(os.environ[CLUSTER_DIR]), patience())
    db.connection.execute_wrappers.append(pulses.own.around_statements)
    # atexit does not run in processes of multiprocessing; its own finalizers do.
    Finalize(None, pulses.own.end, exitpriority=-10)


def _worker_started(**_: Any) -> None:
    Traces(Path(os.environ[CLUSTER_DIR])).ready()


def _task_started(**_: Any) -> None:
    pulses.own.allow(pulses.TASK, ERRAND_SECONDS)
    Traces(Path(os.environ[CLUSTER_DIR])).started()


def _task_ended(**_: Any) -> None:
    pulses.own.allow(pulses.TASK, 0)
    Traces(Path(os.environ[CLUSTER_DIR])).ended()


def retire() -> None:
    """This worker ends after its task and another process takes its place: something broke in it."""
    from django_q import worker

    # django-q2 asks this after each task, and knows no other way to replace a worker from within.
    worker.rss_check = lambda: True


def stopping() -> bool:
    """Whether this worker's cluster was asked to stop: what it holds should be given back now."""
    directory = os.environ.get(CLUSTER_DIR)
    # django-q2 waits for tasks to end and tells them nothing of a stop, hence a file (R17).
    return bool(directory) and Traces(Path(str(directory))).asked_to_stop()


class Traces:
    """What workers and supervisor of one cluster leave for each other in the cluster's directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._beat = directory / "beat"
        self._stop = directory / "stop"
        self._ready = directory / "ready"
        self._held = directory / "held"

    def hold(self) -> int:
        """Shows that the supervisor lives, for as long as it does or until the descriptor is closed."""
        descriptor = os.open(self._held, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor

    def ready(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._ready.touch()

    def is_ready(self) -> bool:
        """Whether some worker has come up."""
        return self._ready.exists()

    def started(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._directory / f"busy-{os.getpid()}").touch()

    def ended(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._directory / f"busy-{os.getpid()}").unlink(missing_ok=True)
            self._beat.touch()

    def last_beat(self) -> float:
        """When a task last ended, in seconds since the epoch; 0 before the first."""
        with contextlib.suppress(FileNotFoundError):
            return self._beat.stat().st_mtime
        return 0.0

    def busy(self) -> list[int]:
        """Processes in a task; the killed ones among them never said goodbye."""
        return [int(path.name.removeprefix("busy-")) for path in self._directory.glob("busy-*")]

    def ask_to_stop(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._stop.touch()

    def asked_to_stop(self) -> bool:
        """By the supervisor, or by its death: nobody looks after this cluster any more."""
        return self._stop.exists() or self.abandoned()

    def abandoned(self) -> bool:
        """Whether the supervisor is gone, which it does not say when it is killed."""
        try:
            descriptor = os.open(self._held, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True
