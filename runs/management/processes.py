"""Processes that Sentri starts: each in a session of its own, ended politely and then for good, none left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import FrameType, TracebackType
from typing import Self

import psutil
from django.conf import settings

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def adopt_orphans() -> None:
    """From now on this process becomes the parent of grandchildren whose parent dies (Linux only)."""
    if PRCTL is not None:
        # A cluster that is killed leaves its workers behind; as their parent this process finds and ends them.
        PRCTL(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _die_with_parent() -> None:
    """Runs in the child between fork and exec, so that a killed parent leaves nothing running (Linux only)."""
    if PRCTL is not None:
        # Linux sends it when the thread ends that started the child, so children are started by main threads.
        PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class StopRequest:
    """Set by SIGTERM, Ctrl+C or a closed terminal while the block runs. A second signal changes nothing."""

    SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def __init__(self) -> None:
        self._event = threading.Event()

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._receive) for number in self.SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        self._event.set()

    def __bool__(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        return self._event.wait(seconds)


class Child:
    """One process of ours with all that it starts. Only the process itself is ever asked to stop."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.started_at = time.monotonic()
        # A session of its own: Ctrl+C would end the drivers of browsers under workers that live on, and SIGTERM to a
        # group would kill workers before they give anything back.
        self._process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, no lock
        )
        self.pid = self._process.pid
        self._family: dict[int, psutil.Process] = {}

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def age(self) -> float:
        return time.monotonic() - self.started_at

    def ask_to_stop(self) -> None:
        if self.returncode is None:
            # While it lives, for descendants of a process that has ended cannot be found any more.
            self._remember_family()
            self._process.terminate()

    def end(self, grace: float) -> None:
        """Returns when neither it nor anything it started is left."""
        self.ask_to_stop()
        try:
            self._process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            self._remember_family()
        self._kill_group()
        self._process.wait()
        self._kill_family()

    def _remember_family(self) -> None:
        """A browser leaves the group of the worker that launched it, but not its family."""
        try:
            descendants = psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        self._family.update({process.pid: process for process in descendants})

    def _kill_group(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def _kill_family(self) -> None:
        for process in self._family.values():
            try:
                # psutil signals no process that has been given the number of a dead process since.
                process.kill()
            except psutil.NoSuchProcess:
                continue


class Patience:
    """How long to wait before starting again what died: twice as long each time, unless it lived well."""

    def __init__(self, first: float = 0.5, most: float = 30, well: float = 60) -> None:
        self._first = self._next = first
        self._most = most
        self._well = well

    def after(self, lived: float) -> float:
        if lived >= self._well:
            self._next = self._first
        wait, self._next = self._next, min(self._next * 2, self._most)
        return wait


def bury_orphans(children: Sequence[Child] = ()) -> None:
    """Collects adopted processes that have ended; those in `children` are left to their owners."""
    if sys.platform != "linux":
        return
    own = {child.pid for child in children}
    while True:
        try:
            # WNOWAIT only looks: the exit code of a child in `children` belongs to its Popen.
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid in own:
            return
        os.waitpid(ended.si_pid, 0)


def kill_descendants(grace: float = 2) -> None:
    """Everything that this process started or adopted, and what those started."""
    family = psutil.Process().children(recursive=True)
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=grace)
