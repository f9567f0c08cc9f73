"""A site that a test writes itself: paths to answers, and a record of what was asked."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    type: str = "text/html; charset=utf-8"


Answers = dict[str, "str | Answer | Callable[[Asked], str | Answer]"]


@dataclass
class Pages:
    """`answers` maps a path without query to HTML, an Answer, or a function of what was asked."""

    url: str
    answers: Answers
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        found = self.answers.get(asked.path.split("?", 1)[0], Answer("<h1>Not found</h1>", 404))
        found = found(asked) if callable(found) else found
        return Answer(found) if isinstance(found, str) else found

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    pages: Pages

    def handle_error(self, request: object, client_address: object) -> None:
        """Browsers hang up in the middle; that is no news."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        answer = self.server.pages.answer(asked)
        sent = answer.body.encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.type, "Content-Length": str(len(sent)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(sent)

    def log_message(self, *args: object) -> None:
        """Quiet."""


for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
    setattr(Handler, f"do_{method}", Handler.respond)


@contextlib.contextmanager
def pages(answers: Answers) -> Iterator[Pages]:
    server = Server(("127.0.0.1", 0), Handler)
    server.pages = Pages(f"http://127.0.0.1:{server.server_port}", answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.pages
    finally:
        server.shutdown()
        server.server_close()
