"""Every test on every database, in parts of which two run side by side; each says its words when it has ended.

python -m tests.parts
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from runs.management.processes import adopt_orphans

SIDE_BY_SIDE = 2
REAL = "browser or web or processes"
PYTEST = (sys.executable, "-m", "pytest", "-q", "-n", "2")
# Files are not torn apart: their tests share servers and browsers.
FILES = (*PYTEST, "--dist", "loadfile", "--no-loadscope-reorder")
ON_SERVERS = (sys.executable, "-m", "tests.servers", "--")


@dataclass(frozen=True)
class Part:
    name: str
    command: tuple[str, ...]


# Pages and code keep processors busy. Processes wait for leases and for one another: they run beside those.
PARTS = (
    Part("browsers and pages", (*FILES, "-m", "web or (browser and not processes)")),
    Part("processes, on SQLite", (*FILES, "-m", "processes and not postgresql")),
    Part("processes, on PostgreSQL", (*ON_SERVERS, *FILES, "-m", "processes and not once")),
    Part("code and data, on SQLite", (*PYTEST, "-m", f"not ({REAL})")),
    Part("data, on PostgreSQL", (*ON_SERVERS, *PYTEST, "-m", f"database and not (once or {REAL})")),
    Part("the drill", (sys.executable, "manage.py", "sentri_drill", "--short", "--seed", "1", "--json")),
)


@dataclass
class Running:
    part: Part
    process: subprocess.Popen[bytes]
    words: IO[bytes]
    since: float = field(default_factory=time.monotonic)

    @classmethod
    def begin(cls, part: Part) -> Running:
        words = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the part has ended
        return cls(part, subprocess.Popen(part.command, stdout=words, stderr=subprocess.STDOUT), words)

    def end(self, code: int) -> None:
        self.process.returncode = code
        with self.words:
            self.words.seek(0)
            say(f"\n── {self.part.name}: {(time.monotonic() - self.since) / 60:.1f} minutes")
            shutil.copyfileobj(self.words, sys.stdout.buffer)
            sys.stdout.flush()


def say(line: str) -> None:
    print(line, flush=True)


class Parts:
    def __init__(self, parts: Sequence[Part]) -> None:
        self._waiting = list(parts)
        self._running: dict[int, Running] = {}
        self._failed: list[str] = []
        self._interrupted = False

    def carry_out(self) -> int:
        """0 where every part passed."""
        count, began = len(self._waiting), time.monotonic()
        # What parts leave behind is waited for here, so that its processor time is counted as well.
        adopt_orphans()
        # Ctrl+C reaches the parts as well, which then end by themselves.
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._interrupt)
        while self._begin_as_many_as_may_run():
            pid, status = os.wait()
            code = os.waitstatus_to_exitcode(status)
            if ended := self._running.pop(pid, None):
                ended.end(code)
                if code:
                    self._failed.append(ended.part.name)
        if self._interrupted:
            return 130
        failed = f", FAILED: {'; '.join(self._failed)}" if self._failed else ""
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        minutes = f"{(time.monotonic() - began) / 60:.1f} minutes, and {(usage.ru_utime + usage.ru_stime) / 60:.1f}"
        say(f"\nbin/test: {count - len(self._failed)} of {count} parts passed{failed}; it took {minutes} of processor")
        return int(bool(self._failed))

    def _begin_as_many_as_may_run(self) -> bool:
        while self._may_begin():
            begun = Running.begin(self._waiting.pop(0))
            self._running[begun.process.pid] = begun
            if self._interrupted:  # while it began, so that it was not among those that were interrupted
                begun.process.send_signal(signal.SIGINT)
            say(f"… {begun.part.name}")
        return bool(self._running)

    def _may_begin(self) -> bool:
        return bool(self._waiting) and len(self._running) < SIDE_BY_SIDE and not self._interrupted

    def _interrupt(self, number: int, _frame: Any) -> None:
        self._interrupted = True
        if number == signal.SIGTERM:
            for running in self._running.values():
                running.process.send_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(Parts(PARTS).carry_out())
