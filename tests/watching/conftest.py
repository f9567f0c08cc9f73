import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.utils import timezone

from projects.models import Project, Test, Workspace
from runs.models import Worker
from tests.ledger.conftest import DOCUMENT
from tests.servers import free_port
from tests.tasks.conftest import ROOT, chore, start_workers

__all__ = ["chore", "start_workers"]

# Leases that run out soon. A busy machine lets a process wait for seconds and a living worker may lose one: a test in
# which no lease may be lost keeps the usual ones.
SHORT = {"SENTRI_LEASE_SECONDS": "4", "SENTRI_RENEW_SECONDS": "1"}
SEEING = {"kind": "ui", "start": "/", "steps": [{"do": "expect_visible", "target": {"role": "heading"}}]}


@pytest.fixture
def project(db: None) -> Project:
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    return Project.objects.create(workspace=workspace, name="Shop", url="http://shop.test/")


class SlowPage(BaseHTTPRequestHandler):
    """A heading that lets one wait for it, so that a run lasts long enough to be hurt."""

    seconds = 0.4

    def do_GET(self) -> None:
        if self.path == "/":
            time.sleep(self.seconds)
        body = b"<!doctype html><title>Slow</title><h1>Slow but sure</h1><link rel=icon href=data:,>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def serving(kind: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site() -> Iterator[str]:
    with serving(SlowPage) as url:
        yield url


@pytest.fixture
def slow(transactional_db: None, site: str) -> Project:
    """A project whose application takes its time."""
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    return Project.objects.create(workspace=workspace, name="Slow", url=f"{site}/")


def approved(project: Project, count: int, document: dict[str, Any] = DOCUMENT) -> list[Test]:
    tests = []
    for number in range(count):
        title = f"Test {number}"
        tests.append(Test.write(project, None, title, {**document, "title": title}))
    for test in tests:
        test.decide("approve", None)
    return tests


def reported(name: str, silent: float = 0, **fields: Any) -> Worker:
    """The row of a worker that last reported `silent` seconds ago."""
    now = timezone.now()
    host, _, pid = name.rpartition(":")
    said = {"browser": "headless-shell 156.0", "started_at": now - timedelta(hours=1), **fields}
    return Worker.objects.create(name=name, host=host, pid=int(pid), seen_at=now - timedelta(seconds=silent), **said)


Web = Callable[..., AbstractContextManager[str]]


@pytest.fixture
def web(product_environment: Mapping[str, str], tmp_path: Path, eventually: Any) -> Web:
    """`with web() as address` has a web process as it is served; it ends well, and its log is web.log in tmp_path."""

    @contextmanager
    def served(**given: str) -> Iterator[str]:
        port, log = free_port(), tmp_path / "web.log"
        command = [sys.executable, "-m", "uvicorn", "sentri.asgi:application", "--port", str(port), "--lifespan", "on"]
        options = ["--log-level", "warning", "--timeout-graceful-shutdown", "3"]
        # PostgreSQL tells connections of this process from others by that name.
        environment = {**product_environment, "PGAPPNAME": "web", **given}
        with log.open("wb") as output:
            server = subprocess.Popen([*command, *options], cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            eventually(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
            yield f"http://127.0.0.1:{port}"
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) in (0, -signal.SIGTERM)
        finally:
            server.kill()
            server.wait()

    return served


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
