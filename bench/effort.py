"""Processor time, which says more than a clock on a machine that others use too."""

from __future__ import annotations

import resource

import psutil


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


def of_ended_children() -> float:
    """Processor seconds of all children of this process that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
