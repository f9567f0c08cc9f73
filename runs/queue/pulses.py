"""Signs of life of worker processes outside of any database: what hangs stops counting, and the supervisor sees it.

A worker writes counters into a small file of its cluster's directory, mapped into its memory: no lock, no system call.
Each part of a worker that can hang by itself counts for itself, and says how long it may be silent at most:

    process   any thread at all: silent where something holds the interpreter's lock, or the process is stopped
    task      the main thread, while it carries out a task
    engine    the thread that drives the browser
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

PARTS = PROCESS, TASK, ENGINE = ("process", "task", "engine")
SLOT = struct.Struct("=Qd")
SIZE = SLOT.size * len(PARTS)
BEAT_SECONDS = 0.5
PREFIX = "pulse-"
# A statement may wait for somebody else's transaction, and for a database that comes back.
STATEMENT_SECONDS = 60.0
# A supervisor that was itself stopped, or starved, has not watched meanwhile.
MOST_UNSEEN = 1.0


class Pulse:
    """Of this process, while `begin` to `end`; without a file the counting goes nowhere."""

    def __init__(self) -> None:
        self._counts = [0] * len(PARTS)
        self._allowed = [0.0] * len(PARTS)
        self._memory: mmap.mmap | None = None
        self._path: Path | None = None
        self._ended = threading.Event()

    def begin(self, directory: Path, seconds: float) -> None:
        """From now on this process is watched: it may be silent for `seconds`."""
        self._path = directory / f"{PREFIX}{os.getpid()}"
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, SIZE)
            self._memory = mmap.mmap(descriptor, SIZE)
        finally:
            os.close(descriptor)
        self.allow(PROCESS, seconds)
        threading.Thread(target=self._count_on, name="pulse", daemon=True).start()

    def end(self) -> None:
        self._ended.set()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _count_on(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            self.beat(PROCESS)

    def beat(self, part: str) -> None:
        """The part lives."""
        place = PARTS.index(part)
        self._counts[place] += 1
        self._write(place)

    def allow(self, part: str, seconds: float) -> float:
        """How long the part may be silent from now on, 0 for ever; what it was allowed before."""
        place = PARTS.index(part)
        before, self._allowed[place] = self._allowed[place], seconds
        self.beat(part)
        return before

    @contextmanager
    def allowed(self, part: str, seconds: float) -> Iterator[None]:
        before = self.allow(part, seconds)
        try:
            yield
        finally:
            self.allow(part, before)

    def _write(self, place: int) -> None:
        if self._memory is not None:
            SLOT.pack_into(self._memory, place * SLOT.size, self._counts[place], self._allowed[place])

    def around_statements(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        """A wrapper of Django's: a main thread that waits for the database does not hang."""
        if not self._allowed[PARTS.index(TASK)]:
            return execute(sql, params, many, context)
        with self.allowed(TASK, max(STATEMENT_SECONDS, self._allowed[PARTS.index(TASK)])):
            return execute(sql, params, many, context)


own = Pulse()


@dataclass(frozen=True)
class Hung:
    """A process of which a part has given no sign of life for so many seconds."""

    pid: int
    part: str
    seconds: float

    @property
    def words(self) -> str:
        return f"{WORDS[self.part]} gave no sign of life for {self.seconds:.0f} s"


WORDS = {PROCESS: "the process", TASK: "the thread that does the work", ENGINE: "the thread that drives the browser"}


@dataclass
class _Seen:
    process: psutil.Process
    counts: list[int] = field(default_factory=lambda: [-1] * len(PARTS))
    silent: list[float] = field(default_factory=lambda: [0.0] * len(PARTS))


class PulseWatch:
    """The supervisor's view of the pulses of one cluster. It measures silence by what it has itself looked at."""

    def __init__(self, directory: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._clock = clock
        self._looked = clock()
        self._seen: dict[int, _Seen] = {}

    def look(self) -> list[Hung]:
        """The processes that hang; to be called several times a second. The files of those that are gone go."""
        now = self._clock()
        passed, self._looked = min(now - self._looked, MOST_UNSEEN), now
        found = [self._looked_at(path, passed) for path in self._directory.glob(f"{PREFIX}*")]
        return [hung for hung in found if hung is not None]

    def _looked_at(self, path: Path, passed: float) -> Hung | None:
        pid = int(path.name.removeprefix(PREFIX))
        try:
            seen = self._seen.get(pid) or self._seen.setdefault(pid, _Seen(psutil.Process(pid)))
            # psutil compares times of birth as well, for numbers of processes are given again.
            if not seen.process.is_running() or seen.process.status() == psutil.STATUS_ZOMBIE:
                raise psutil.NoSuchProcess(pid)
            written = list(SLOT.iter_unpack(path.read_bytes()))
        except psutil.NoSuchProcess:
            self._seen.pop(pid, None)
            path.unlink(missing_ok=True)
            return None
        except (FileNotFoundError, struct.error):
            return None
        return self._judged(pid, seen, written, passed)

    @staticmethod
    def _judged(pid: int, seen: _Seen, written: list[tuple[int, float]], passed: float) -> Hung | None:
        hung = None
        for place, (count, allowed) in enumerate(written):
            seen.silent[place] = seen.silent[place] + passed if count == seen.counts[place] else 0.0
            seen.counts[place] = count
            if hung is None and allowed and seen.silent[place] > allowed:
                hung = Hung(pid, PARTS[place], seen.silent[place])
        return hung

    def end(self, hung: Hung) -> None:
        """Kills the process with its driver and browser, for good; whatever it had locked is free then."""
        seen = self._seen.pop(hung.pid, None)
        if seen is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            # Looked up before the first is killed: children of a dead process belong to somebody else.
            family = [seen.process, *seen.process.children(recursive=True)]
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        (self._directory / f"{PREFIX}{hung.pid}").unlink(missing_ok=True)
