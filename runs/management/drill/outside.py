"""What stands around the workers in a drill: servers that can go away, the shop, and a receiver of what runs owe."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from django.conf import settings

CONTROL = "SENTRI_DRILL_CONTROL"


class NoServers(Exception):
    """PostgreSQL or Redis could not be started; the message says why."""


@contextmanager
def servers() -> Iterator[Mapping[str, str]]:
    """PostgreSQL and Redis of the drill's own; gives what processes need in their environment to reach them."""
    with tempfile.TemporaryDirectory(prefix="sentri-drill-") as directory:
        path = str(Path(directory) / "control")
        # Not of the terminal's group: on Ctrl+C the servers have to outlive the runs.
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers", "--controlled", path],
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            said = process.stdout.readline() if process.stdout else ""
            if not said:
                raise NoServers("PostgreSQL and Redis could not be started: the drill needs both and Sentri's sources.")
            yield {**json.loads(said), CONTROL: path, "SENTRI_DATA_DIR": str(Path(directory) / "data")}
        finally:
            process.terminate()
            process.wait(timeout=30)


def control(command: str) -> None:
    """`stop postgresql`, `start redis` and the like; returns when it is done."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(os.environ[CONTROL])
        line.sendall(f"{command}\n".encode())
        answer = line.makefile().readline().strip()
    if answer != "done":
        raise NoServers(f"{command}: {answer or 'no answer'}")


@dataclass
class Receiver:
    """What arrived: how often under each key, and what it said. Every fifth key is refused at first."""

    url: str = ""
    keys: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    bodies: dict[str, Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, key: str, body: bytes) -> int:
        """The status to answer with."""
        with self.lock:
            # Refused once: the next try under the same key is let in.
            known = key in self.keys or key in self.bodies
            self.bodies[key] = json.loads(body)
            if not known and len(self.bodies) % 5 == 0:
                self.refused += 1
                return 503
            self.keys[key] += 1
            return 200


@contextmanager
def receiver() -> Iterator[Receiver]:
    """An HTTP server on loopback for callbacks and webhooks."""
    found = Receiver()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(found.take(self.headers.get("X-Sentri-Delivery", ""), body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on the console."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A worker that died in the middle of a request is part of the drill."""

    server = Server(("127.0.0.1", 0), Taking)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
