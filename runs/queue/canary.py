"""A task that does nothing, sent again and again: a cluster with an idle worker that does not run it is stuck."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil
from django.conf import settings
from django_q.models import OrmQ
from django_q.tasks import async_task

from runs.queue.cluster import Traces

# In periods. A cluster that shares its queue may by chance get no song for a while, so silence counts later.
PATIENCE = 2
SILENCE = 10
STARTING = 60.0


def sing() -> None:
    """The task itself."""


@dataclass(frozen=True)
class Song:
    sent_at: float
    row: int | None


class Canary:
    """Judges one cluster by the songs that nobody sang and by the time since its last task, in periods.

    Several clusters may share a queue: a song that another one sang is no reproach, but never to get one is.
    """

    def __init__(self, traces: Traces, workers: int, period: float) -> None:
        self._traces = traces
        self._workers = workers
        self._period = period
        self._born = time.time()
        self._sent_at = 0.0
        self._all_busy_at = 0.0
        self._songs: list[Song] = []

    def stuck(self) -> bool:
        """Sends a song when one is due and some worker is there. Raises what the database raises: nothing is known."""
        now = time.time()
        if not self._traces.is_ready():
            return now - self._born > max(STARTING, SILENCE * self._period)
        beat = self._traces.last_beat()
        waiting = set(OrmQ.objects.filter(pk__in=[song.row for song in self._songs]).values_list("pk", flat=True))
        self._songs = [
            song for song in self._songs if song.sent_at > beat and (song.row is None or song.row in waiting)
        ]
        if now - self._sent_at >= self._period:
            self._songs.append(Song(now, _send()))
            self._sent_at = now
        if not self._some_worker_is_idle():
            self._all_busy_at = now
        unsung = any(song.row and self._passed(now, song.sent_at) > PATIENCE for song in self._songs)
        return unsung or self._passed(now, beat, self._born) > SILENCE

    def _passed(self, now: float, *since: float) -> float:
        """Periods in which somebody could have sung: where one of the busy is killed, the next one has just come."""
        return (now - max(self._all_busy_at, *since)) / self._period

    def forget(self) -> None:
        """Takes back what was sent."""
        OrmQ.objects.filter(pk__in=[song.row for song in self._songs]).delete()
        self._songs = []

    def _some_worker_is_idle(self) -> bool:
        return sum(psutil.pid_exists(pid) for pid in self._traces.busy()) < self._workers


def _send() -> int | None:
    """The queue's row of the new song, where the queue has rows."""
    task = async_task("runs.queue.canary.sing", timeout=30)
    if settings.ENV.broker == "redis":
        return None
    return next((row.pk for row in OrmQ.objects.order_by("-pk")[:20] if row.task_id() == task), None)
