"""Receivers on loopback that keep what really arrives."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Arrived:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    # Waited for before the answer begins.
    before: Callable[[], Any] = lambda: None


@dataclass
class Receiver:
    """An HTTP server. `answers` are given in turn, the last one for ever; `answer` may decide by request instead."""

    url: str
    port: int
    arrived: list[Arrived] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=lambda: [Answer()])
    answer: Callable[[Arrived], Answer] | None = None

    def next(self, request: Arrived) -> Answer:
        if self.answer is not None:
            return self.answer(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def keys(self) -> list[str]:
        return [request.headers["x-sentri-delivery"] for request in self.arrived]


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Recorder(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def record(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            named = {name.lower(): value for name, value in self.headers.items()}
            request = Arrived(self.command, self.path, named, self.rfile.read(length))
            found.arrived.append(request)
            answer = found.next(request)
            answer.before()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            """Nothing on the console."""

    for method in ("GET", "POST", "PATCH"):
        setattr(Recorder, f"do_{method}", Recorder.record)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that went away is part of the test."""

    server = Server(("127.0.0.1", 0), Recorder)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    port = server.server_address[1]
    found = Receiver(f"{'https' if tls else 'http'}://127.0.0.1:{port}", port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
