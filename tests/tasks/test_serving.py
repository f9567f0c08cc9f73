"""`manage.py sentri_serve`: web application and workers together, and nothing left of them afterwards."""

import contextlib
import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from runs.management.processes import Patience
from tests.servers import free_port
from tests.tasks.conftest import ROOT
from tests.tasks.test_workers_survive import gone

pytestmark = pytest.mark.once


class Served:
    def __init__(self, environment: Mapping[str, str], port: int, log: Path) -> None:
        self.port = port
        self.log = log
        self._seen: list[psutil.Process] = []
        command = [sys.executable, "manage.py", "sentri_serve", "--port", str(port), "--workers", "1"]
        with log.open("ab") as output:
            self.process = psutil.Popen(
                command,
                cwd=ROOT,
                env=dict(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def is_up(self) -> bool:
        return "Ctrl+C stops it" in self.log.read_text()

    def child(self, word: str) -> psutil.Process:
        return next(child for child in self.process.children() if word in " ".join(child.cmdline()))

    def everything(self) -> list[psutil.Process]:
        self._seen = [self.process, *self.process.children(recursive=True)]
        return self._seen

    def kill(self) -> None:
        for process in self._seen + (self.everything() if self.process.poll() is None else []):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(10)


@pytest.fixture
def serve(product_environment: Mapping[str, str], tmp_path: Path, eventually: Any) -> Iterator[Callable[[], Served]]:
    with ExitStack() as stack:

        def start() -> Served:
            environment = {**product_environment, "TMPDIR": str(tmp_path)}
            served = Served(environment, free_port(), tmp_path / "serve.log")
            stack.callback(served.kill)
            eventually(lambda: served.is_up() or served.process.poll() is not None)
            assert served.is_up(), served.log.read_text()
            return served

        yield start


def test_it_says_where_it_is_and_stops_without_a_trace(serve: Callable[[], Served], eventually: Any) -> None:
    served = serve()
    assert f"Sentri is at http://127.0.0.1:{served.port}" in served.log.read_text()
    assert served.answers()
    family = served.everything()
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(60) == 0
    assert gone(family)
    assert "Traceback" not in served.log.read_text()


@pytest.mark.parametrize("word", ["uvicorn", "sentri_worker"])
def test_what_dies_is_started_again(serve: Callable[[], Served], eventually: Any, word: str) -> None:
    served = serve()
    first = served.child(word)
    family = first.children(recursive=True)
    first.kill()
    eventually(lambda: any(word in " ".join(child.cmdline()) for child in living(served, first)))
    eventually(served.answers)
    eventually(lambda: gone(family))


def living(served: Served, but: psutil.Process) -> list[psutil.Process]:
    children = [child for child in served.process.children() if child != but]
    return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]


def test_killed_it_leaves_nothing_running(serve: Callable[[], Served], eventually: Any) -> None:
    served = serve()
    family = served.everything()
    served.process.kill()
    eventually(lambda: gone(family))


def test_a_taken_port_is_said_in_one_sentence(product_environment: Mapping[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "manage.py", "sentri_serve", "--port", port]
        outcome = subprocess.run(
            command, cwd=ROOT, env=dict(product_environment), capture_output=True, text=True, check=False, timeout=60
        )
    assert outcome.returncode == 2
    assert f"Port {port} of 127.0.0.1 cannot be used" in outcome.stderr
    assert "--port" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_what_keeps_dying_is_started_ever_later() -> None:
    patience = Patience(first=0.5, most=3, well=60)
    assert [patience.after(lived=1) for _ in range(4)] == [0.5, 1.0, 2.0, 3]
    assert patience.after(lived=100) == 0.5
