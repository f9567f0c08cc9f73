"""Worker processes as others see them: a row each, kept fresh from a thread beside the work, and what they count.

Nothing here may hold work up or stop it: where the database is away, a beat is left out and numbers wait.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import psutil
from django import db
from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from runs import meters
from runs.engine.events import CaseObserved, PageFailed, PageVisited, Proved, TestEnded
from runs.engine.plan import CaseWork, PageWork, TestWork
from runs.models import Meter, Worker

log = logging.getLogger(__name__)
BEAT_SECONDS = 4.0
LOOK_AGAIN_SECONDS = 30.0
SILENT = timedelta(seconds=15)
GONE = timedelta(seconds=60)
FORGOTTEN = timedelta(minutes=10)
HUNG_REMEMBERED = timedelta(hours=24)
STATES = ("fit", "unfit", "stopping", "silent", "gone", "hung")
FIT, UNFIT, STOPPING, SILENT_STATE, GONE_STATE, HUNG_STATE = STATES


def worker_name(pid: int | None = None) -> str:
    """How a process of this machine, this one without `pid`, is called on leases and in its row."""
    return f"{socket.gethostname()}:{os.getpid() if pid is None else pid}"


# --- what this process is doing ---

Key = tuple[str, int]


class Board:
    """What is under way in this process, each in the lowest free slot."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[Key, dict[str, Any]] = {}

    def put(self, key: Key, run: int, shard: int, title: str) -> None:
        with self._lock:
            taken = {entry["slot"] for entry in self._entries.values()}
            slot = next(number for number in range(len(taken) + 1) if number not in taken)
            since = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._entries[key] = {"slot": slot, "run": run, "shard": shard, "title": title[:300], "since": since}

    def take(self, key: Key) -> None:
        with self._lock:
            self._entries.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return sorted(self._entries.values(), key=lambda entry: int(entry["slot"]))


board = Board()


def claimed(run: int, shard: int, works: Iterable[TestWork | PageWork | CaseWork]) -> None:
    """This process begins claimed tests, pages or cases."""
    for work in works:
        if isinstance(work, TestWork):
            board.put(("result", work.result), run, shard, work.title)
        elif isinstance(work, CaseWork):
            board.put(("case", work.case), run, shard, f"{work.work['family']}: {work.work['start']}")
        else:
            board.put(("page", work.page), run, shard, work.url)


def recorded(events: Iterable[Any]) -> None:
    """What ended among the events is no longer under way."""
    for event in events:
        if isinstance(event, TestEnded | Proved):
            board.take(("result", event.result))
        elif isinstance(event, PageVisited | PageFailed):
            board.take(("page", event.page))
        elif isinstance(event, CaseObserved):
            board.take(("case", event.case))


def busy(run: int, shard: int, title: str) -> None:
    """This process does something for a run that is neither a test nor a page."""
    board.put(("other", shard), run, shard, title)


def idle() -> None:
    board.clear()


# --- the row ---


@dataclass(frozen=True, slots=True)
class Fitness:
    """The browser that this process would drive, or why there is none."""

    browser: str
    unfit: str = ""


class Heart(threading.Thread):
    """Keeps the row of this process fresh and hands over what it counted; its connection lasts a beat."""

    current: ClassVar[Heart | None] = None

    def __init__(self, look: Callable[[], Fitness], stopping: Callable[[], bool], period: float = BEAT_SECONDS) -> None:
        super().__init__(name="heart", daemon=True)
        self._look = look
        self._stopping = stopping
        self._period = period
        self._ended = threading.Event()
        self._away = False
        self._started_at = self._looked_at = timezone.now()
        self.fitness = look()

    def run(self) -> None:
        while True:
            self._beat()
            if self._ended.wait(self._period):
                return

    def end(self) -> None:
        """The last beat: the row goes, the numbers stay."""
        self._ended.set()
        self.join(timeout=5)
        with contextlib.suppress(db.Error):
            flush()
            Worker.objects.filter(name=worker_name()).delete()

    def _beat(self) -> None:
        try:
            self._look_again()
            self._describe()
            flush()
        except Exception as error:  # noqa: BLE001 - a missed beat is no reason to stop work
            if not self._away:
                log.warning("This worker cannot report itself for a while: %s", error)
            self._away = True
        else:
            self._away = False
        finally:
            # A second connection for each worker would be held for a statement every four seconds.
            db.connections.close_all()

    def _look_again(self) -> None:
        """A browser may be installed while a worker without one waits."""
        now = timezone.now()
        if self.fitness.unfit and (now - self._looked_at).total_seconds() >= LOOK_AGAIN_SECONDS:
            self._looked_at = now
            self.fitness = self._look()
            if not self.fitness.unfit:
                log.info("This worker has found a browser and takes shards from now on: %s", self.fitness.browser)

    def _describe(self) -> None:
        host, _, pid = worker_name().rpartition(":")
        row = Worker(
            name=worker_name()[:120],
            host=host[:100],
            pid=int(pid),
            version=settings.VERSION,
            browser=self.fitness.browser[:200],
            unfit=self.fitness.unfit[:500],
            doing=board.shown(),
            memory_mb=memory_mb(),
            started_at=self._started_at,
            seen_at=timezone.now(),
            stopping=self._stopping(),
            # A new process may have the number of a process that hung.
            hung_at=None,
            hung="",
        )
        said = [field.name for field in Worker._meta.concrete_fields if field.name not in ("id", "name")]
        Worker.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=said)


def begin(look: Callable[[], Fitness], stopping: Callable[[], bool]) -> Heart:
    """Starts this process's heart, once its parent's numbers are forgotten: a fork inherits them."""
    meters.drain()
    heart = Heart.current = Heart(look, stopping)
    if heart.fitness.unfit:
        log.error("This worker takes no shards: %s", heart.fitness.unfit)
    heart.start()
    return heart


def unfit() -> str:
    """Why this process takes no shards; nothing where it does."""
    return Heart.current.fitness.unfit if Heart.current is not None else ""


def memory_mb() -> int:
    """Resident memory of this process with its driver and browser."""
    own = psutil.Process()
    total = 0
    for process in [own, *own.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += process.memory_info().rss
    return total // 2**20


# --- rows of others ---


def state_of(worker: Worker, now: datetime) -> str:
    """One of STATES."""
    age = now - worker.seen_at
    if worker.hung_at is not None:
        return HUNG_STATE
    if age > SILENT:
        return GONE_STATE if age > GONE else SILENT_STATE
    if worker.stopping:
        return STOPPING
    return UNFIT if worker.unfit else FIT


def living() -> QuerySet[Worker]:
    """Workers that have reported within the last minute and were not found hanging."""
    return Worker.objects.filter(seen_at__gte=timezone.now() - GONE, hung_at=None)


def nobody_is_fit() -> str:
    """Why no worker takes shards, in the words of one; nothing where some does, or where none has reported."""
    said = list(living().values_list("unfit", flat=True))
    return said[0] if said and all(said) else ""


def forget_silent() -> None:
    now = timezone.now()
    silent = Worker.objects.filter(seen_at__lt=now - FORGOTTEN, hung_at=None)
    forgotten = silent | Worker.objects.filter(hung_at__lt=now - HUNG_REMEMBERED)
    if forgotten.exists():
        forgotten.delete()


def hung(pid: int, words: str) -> None:
    """Notes that a worker process of this machine hung and was killed; its row stays for a day to say so."""
    now = timezone.now()
    said = {"hung_at": now, "hung": words[:300]}
    born = {
        "host": socket.gethostname()[:100],
        "pid": pid,
        "version": settings.VERSION,
        "started_at": now,
        "seen_at": now,
    }
    Worker.objects.update_or_create(name=worker_name(pid)[:120], defaults=said, create_defaults={**born, **said})


def hung_lately() -> str:
    """How many workers hung within the last day and how the last one showed it; nothing where none did."""
    rows = Worker.objects.filter(hung_at__gte=timezone.now() - HUNG_REMEMBERED).order_by("-hung_at")
    last = rows.first()
    if last is None or last.hung_at is None:
        return ""
    number, first = rows.count(), rows.last()
    since = (first.hung_at if first is not None and first.hung_at else last.hung_at).isoformat(timespec="seconds")
    when = last.hung_at.isoformat(timespec="seconds")
    if number == 1:
        return f"1 worker hung and was replaced at {when}: {last.hung}."
    return f"{number} workers hung since {since} and were replaced; the last one at {when}: {last.hung}."


# --- numbers ---

ADD = """
    INSERT INTO {table} (name, label, value) VALUES {rows}
    ON CONFLICT (name, label) DO UPDATE SET value = {table}.value + excluded.value
"""


def flush() -> None:
    """Adds what this process counted to the rows of all; what cannot be written is kept for the next time."""
    # Rows are locked in one order everywhere, so that processes do not wait for each other in a circle.
    numbers = sorted((key, value) for key, value in meters.drain().items() if value)
    if not numbers:
        return
    statement = ADD.format(table=Meter._meta.db_table, rows=", ".join(["(%s, %s, %s)"] * len(numbers)))
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, [part for (name, label), value in numbers for part in (name, label, value)])
    except db.Error:
        for (name, label), value in numbers:
            meters.count(name, value, label)
        raise


class Flushing(threading.Thread):
    """Hands over, now and then, what a process counted that has no heart."""

    def __init__(self, period: float = BEAT_SECONDS) -> None:
        super().__init__(name="flushing", daemon=True)
        self._period = period
        self._ended = threading.Event()

    def run(self) -> None:
        while True:
            ended = self._ended.wait(self._period)
            try:
                flush()
            except db.Error as error:
                log.info("numbers are handed over later: %s", error)
            finally:
                db.connections.close_all()
            if ended:
                return

    def end(self) -> None:
        self._ended.set()
        self.join(timeout=5)


def observe_lag(lines: Sequence[dict[str, Any]], since: datetime) -> None:
    """Observes how old the oldest of the lines is that are told now, where it is younger than `since`."""
    live = [at for line in lines if (at := datetime.fromisoformat(line["at"])) > since]
    if live:
        meters.observe(meters.EVENT_LAG_SECONDS, max((datetime.now(UTC) - live[0]).total_seconds(), 0.0))
