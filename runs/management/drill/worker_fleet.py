"""The workers of a drill: supervisors as on two machines, and who is who below them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from runs import states
from runs.management.processes import Child
from runs.models import Lease
from runs.queue.cluster import CLUSTER_DIR
from runs.queue.pulses import PREFIX

QUIET = {"SENTRI_LOG_LEVEL": "CRITICAL"}


class WorkerFleet:
    """Supervisors with so many workers each. Those that were killed are started again by `muster`."""

    def __init__(self, supervisors: int, workers: int) -> None:
        self._workers = workers
        self._children: list[Child | None] = [None] * supervisors
        self.paused: list[psutil.Process] = []

    def muster(self) -> None:
        """Every supervisor that is not there is started."""
        for place, child in enumerate(self._children):
            if child is None or child.returncode is not None:
                command = [sys.executable, "manage.py", "sentri_worker", "--workers", str(self._workers)]
                self._children[place] = Child(f"supervisor {place + 1}", command, QUIET)

    def dismiss(self, grace: float = 30) -> None:
        self.resume()
        for child in filter(None, self._children):
            child.ask_to_stop()
        for child in filter(None, self._children):
            child.end(grace)

    def supervisors(self) -> list[Child]:
        return [child for child in self._children if child is not None and child.returncode is None]

    def clusters(self) -> Iterator[psutil.Process]:
        """The leaders of the queue's clusters."""
        for child in self.supervisors():
            yield from (found for found in below(child.pid) if _leads(found))

    def parts(self) -> list[tuple[list[psutil.Process], list[psutil.Process]]]:
        """Of each cluster that has them all its workers, and its monitor and pusher in the order of their ages.

        Workers give signs of life, the two others none. Ages alone would not tell: what was replaced is the youngest.
        """
        found = []
        for leader in self.clusters():
            sentinel = next(iter(below(leader.pid)), None)
            alive = _with_pulse(leader)
            parts = sorted(below(sentinel.pid), key=_age) if sentinel else []
            workers = [part for part in parts if part.pid in alive]
            others = [part for part in parts if part.pid not in alive]
            if len(workers) >= self._workers and len(others) == 2:
                found.append((workers, others))
        return found

    def workers(self, *, busy: bool) -> list[psutil.Process]:
        """Worker processes that hold a shard, or those that hold none."""
        names = Lease.objects.filter(state=states.OPEN).values_list("worker", flat=True)
        pids = {int(name.rpartition(":")[2]) for name in names}
        every = [worker for workers, _ in self.parts() for worker in workers]
        return [worker for worker in every if (worker.pid in pids) == busy]

    def monitors(self) -> list[psutil.Process]:
        return [others[0] for _, others in self.parts()]

    def pushers(self) -> list[psutil.Process]:
        return [others[1] for _, others in self.parts()]

    def of_browsers(self, *, drivers: bool) -> list[psutil.Process]:
        """The drivers below busy workers, or the browsers that they have launched."""
        found = [process for worker in self.workers(busy=True) for process in below(worker.pid, every=True)]
        return [process for process in found if _is_driver(process) == drivers and _is_main(process)]

    def pause(self, process: psutil.Process) -> None:
        process.suspend()
        self.paused.append(process)

    def resume(self) -> None:
        for process in self.paused:
            with contextlib.suppress(psutil.Error):
                process.resume()
        self.paused = []


def below(pid: int, *, every: bool = False) -> list[psutil.Process]:
    """Children of a process, or all its descendants; none where it is gone."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=every)
    return []


def kill(process: psutil.Process, number: int = signal.SIGKILL) -> bool:
    with contextlib.suppress(psutil.Error):
        process.send_signal(number)
        return True
    return False


def _leads(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        # Forked children have the same command line, but their leader's session.
        return "qcluster" in process.cmdline() and os.getsid(process.pid) == process.pid
    return False


def _with_pulse(leader: psutil.Process) -> set[int]:
    """Process ids of a cluster that give signs of life."""
    with contextlib.suppress(psutil.Error, KeyError):
        directory = Path(leader.environ()[CLUSTER_DIR])
        return {int(path.name.removeprefix(PREFIX)) for path in directory.glob(f"{PREFIX}*")}
    return set()


def _age(process: psutil.Process) -> tuple[float, int]:
    with contextlib.suppress(psutil.Error):
        # Processes of one hundredth of a second have the same time.
        return process.create_time(), process.pid
    return 0.0, process.pid


def _is_driver(process: psutil.Process) -> bool:
    """Node calls its first thread something else, so the program is what tells."""
    with contextlib.suppress(psutil.Error):
        return process.cmdline()[:1] != [] and process.cmdline()[0].endswith("node")
    return False


def _is_main(process: psutil.Process) -> bool:
    """A browser's first process has no type; its helpers have."""
    with contextlib.suppress(psutil.Error):
        line = process.cmdline()
        return bool(line) and not any(word.startswith("--type=") for word in line) and "qcluster" not in line
    return False
