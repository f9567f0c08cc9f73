"""Keeps a cluster of workers alive and tends the run state beside it, until it is asked to stop."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from django import db

from runs import heartbeats, ledger, meters, tracing
from runs.management.fallback_worker import FallbackWorker
from runs.management.processes import Child, Patience, StopRequest, adopt_orphans, bury_orphans, kill_descendants
from runs.queue.canary import Canary
from runs.queue.cluster import CLUSTER_DIR, Traces
from runs.queue.pulses import Hung, PulseWatch

log = logging.getLogger(__name__)
TICK = 0.2


@dataclass
class Cluster:
    """One life of `manage.py qcluster`, with the directory that its processes share."""

    process: Child
    directory: Path
    traces: Traces
    held: int

    @classmethod
    def start(cls, workers: int) -> Cluster:
        # Unix sockets of browsers lie below this directory, and macOS allows them 104 characters.
        base = "/tmp" if sys.platform == "darwin" else None  # noqa: S108
        directory = Path(tempfile.mkdtemp(prefix="sentri-", dir=base))
        # What workers and browsers leave in temporary files goes with the directory of their cluster.
        env = {CLUSTER_DIR: str(directory), "TMPDIR": str(directory), "SENTRI_WORKERS": str(workers)}
        traces = Traces(directory)
        # Before the cluster is started: it ends itself where nobody holds this lock.
        held = traces.hold()
        process = Child("workers", [sys.executable, "manage.py", "qcluster"], env)
        return cls(process, directory, traces, held)

    def end(self, grace: float) -> None:
        """Workers finish or give back what they hold; those that do not within `grace` are killed."""
        # By a file as well, because django-q2 tells running tasks nothing of the signal.
        self.traces.ask_to_stop()
        self.process.end(grace)
        kill_descendants()
        bury_orphans()
        os.close(self.held)
        shutil.rmtree(self.directory, ignore_errors=True)


class Tending(threading.Thread):
    """The work beside the workers that needs the database, which may be away or slow: so it has its own thread."""

    def __init__(self, period: float) -> None:
        super().__init__(name="tending", daemon=True)
        self._period = period
        self._canary: Canary | None = None
        self._former: list[Canary] = []
        self._hung: SimpleQueue[Hung] = SimpleQueue()
        self._untold: Hung | None = None
        self.stuck = threading.Event()
        self.ended = threading.Event()

    def tell(self, hung: Hung) -> None:
        """Leaves a note of a process that hung, for when the database can be written."""
        self._hung.put(hung)

    def watch(self, canary: Canary | None) -> None:
        if self._canary:
            self._former.append(self._canary)
        self._canary = canary
        self.stuck.clear()

    def run(self) -> None:
        away = False
        while not self.ended.wait(2 * self._period if away else self._period):
            try:
                self._tend()
            except db.Error as error:
                if not away:
                    log.warning("The database is away: %s", error)
                away = True
            except Exception:
                log.exception("Tending failed; it goes on")
            else:
                if away:
                    log.warning("The database is back")
                away = False
        self._leave()

    def _tend(self) -> None:
        db.close_old_connections()
        self._tell_hung()
        ledger.sweep()
        self._forget()
        heartbeats.forget_silent()
        heartbeats.flush()
        canary = self._canary
        # Looked at again: the cluster may have been replaced while the database was asked.
        if canary and canary.stuck() and canary is self._canary:
            self.stuck.set()

    def _tell_hung(self) -> None:
        while self._untold is not None or not self._hung.empty():
            # Kept until it is written, for the database may be what the worker had locked.
            self._untold = self._untold or self._hung.get()
            ledger.take_from_hung(heartbeats.worker_name(self._untold.pid))
            heartbeats.hung(self._untold.pid, self._untold.words)
            self._untold = None

    def _forget(self) -> None:
        while self._former:
            self._former[0].forget()
            del self._former[0]

    def _leave(self) -> None:
        try:
            self._tell_hung()
            self._forget()
            heartbeats.flush()
        except db.Error as error:
            log.info("A canary stays in the queue: %s", error)
        finally:
            db.connections.close_all()


class Supervisor:
    def __init__(self, workers: int, grace: float, canary_period: float, sweep_period: float = 1.0) -> None:
        self._workers = workers
        self._grace = grace
        self._canary_period = canary_period
        self._patience = Patience()
        self._tending = Tending(sweep_period)
        self._fallback_worker = FallbackWorker()

    def run(self) -> None:
        """Returns after a stop request, with every process that it started gone."""
        adopt_orphans()
        with StopRequest() as stop:
            self._tending.start()
            self._fallback_worker.start()
            while not stop:
                cluster = Cluster.start(self._workers)
                log.info("%s workers started, led by process %s", self._workers, cluster.process.pid)
                self._tending.watch(Canary(cluster.traces, self._workers, self._canary_period))
                reason = self._watch(cluster, stop)
                self._tending.watch(None)
                cluster.end(self._grace)
                if not stop:
                    wait = self._patience.after(cluster.process.age())
                    meters.count(meters.RESTARTS)
                    log.error("The workers stopped working (%s); starting them again in %g s", reason, wait)
                    stop.wait(wait)
        for thread in (self._tending, self._fallback_worker):
            thread.ended.set()
        for thread in (self._tending, self._fallback_worker):
            thread.join(timeout=5)
        tracing.end()
        log.info("Workers stopped")

    def _watch(self, cluster: Cluster, stop: StopRequest) -> str:
        """Why the cluster must end. It never ends by itself for a good reason, whatever its exit code says."""
        pulses = PulseWatch(cluster.directory)
        while not stop.wait(TICK):
            bury_orphans([cluster.process])
            for hung in pulses.look():
                self._replace(pulses, hung)
            if cluster.process.returncode is not None:
                return f"ended with {cluster.process.returncode}"
            if self._tending.stuck.is_set():
                return "an idle worker does not take work"
            if not self._tending.is_alive():
                return "tending ended"
        return "asked to stop"

    def _replace(self, pulses: PulseWatch, hung: Hung) -> None:
        """Kills a worker that hangs; its cluster starts another. Nothing here waits for the database: the worker may
        have locked it."""
        pulses.end(hung)
        meters.count(meters.HUNG, label=hung.part)
        log.error("Worker %s hung: %s; it is killed and replaced", hung.pid, hung.words)
        self._tending.tell(hung)
