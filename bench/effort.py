"""Processor time, which says more than a clock on a machine that others use too."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Callable
from typing import TypeVar

import psutil

from runs.management.processes import adopt_orphans

T = TypeVar("T")
PATIENCE_SECONDS = 5.0


def of_tree(pid: int) -> float:
    """Processor seconds of a process and all below it, the ended ones that were waited for included."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_of(process) for process in family)


def _of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def of_command(command: Callable[[], T]) -> tuple[T, float]:
    """What a command gave, and the processor seconds of all that it started, those that outlived it included."""
    adopt_orphans()
    before, used = _children(), _ended()
    given = command()
    until = time.monotonic() + PATIENCE_SECONDS
    while (left := _children() - before) and time.monotonic() < until:
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.02)
    return given, _ended() - used


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def _ended() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
