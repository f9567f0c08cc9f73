import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from django_q.tasks import async_task

ROOT = Path(__file__).resolve().parents[2]


def leads_a_cluster(process: psutil.Process) -> bool:
    """Its orphans have the same command line but not a session of their own."""
    try:
        return "qcluster" in process.cmdline() and os.getsid(process.pid) == process.pid
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False


def children(process: psutil.Process | None) -> list[psutil.Process]:
    try:
        return process.children() if process else []
    except psutil.NoSuchProcess:
        return []


class Workers:
    """A running `manage.py sentri_worker` seen from outside."""

    def __init__(self, environment: Mapping[str, str], log: Path, *options: str) -> None:
        self.log = log
        self._seen: list[psutil.Process] = []
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "sentri_worker", *options],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.supervisor = psutil.Process(self._process.pid)

    def cluster(self) -> psutil.Process | None:
        return next((child for child in children(self.supervisor) if leads_a_cluster(child)), None)

    def sentinel(self) -> psutil.Process | None:
        return next(iter(children(self.cluster())), None)

    def parts(self) -> list[psutil.Process]:
        """Workers, then the monitor, then the pusher: in the order in which the sentinel forks them."""
        return sorted(children(self.sentinel()), key=lambda part: (part.create_time(), part.pid))

    def everything(self) -> list[psutil.Process]:
        self._seen = [self.supervisor, *self.supervisor.children(recursive=True)]
        return self._seen

    def stop(self, number: int = signal.SIGTERM, timeout: float = 60) -> int:
        self._process.send_signal(number)
        return self._process.wait(timeout)

    def kill(self) -> None:
        """Whatever the test found out: nothing of it may stay."""
        for process in self._seen + (self.everything() if self._process.poll() is None else []):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(10)


Start = Callable[..., Workers]


@pytest.fixture
def start_workers(product_environment: Mapping[str, str], tmp_path: Path, eventually: Any) -> Iterator[Start]:
    """start_workers(SENTRI_GRACE_SECONDS="3") starts two of them and waits until they are there."""
    with ExitStack() as stack:

        def start(**environment: str) -> Workers:
            quiet = {"SENTRI_CANARY_SECONDS": "3600", "TMPDIR": str(tmp_path), **environment}
            workers = Workers({**product_environment, **quiet}, tmp_path / "workers.log", "--workers", "2")
            stack.callback(workers.kill)
            eventually(lambda: len(workers.parts()) == 4)
            return workers

        yield start


@pytest.fixture
def chore(tmp_path: Path) -> Callable[..., Path]:
    """chore("note") queues the task and returns the file that it will leave."""
    count = iter(range(1000))

    def send(name: str, *arguments: Any) -> Path:
        path = tmp_path / f"{name}-{next(count)}"
        async_task(f"tests.tasks.chores.{name}", str(path), *arguments)
        return path

    return send
