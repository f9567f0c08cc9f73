"""The whole product on this machine: the web application and the workers as children of one process."""

from __future__ import annotations

import http.client
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.core.management import call_command

from runs.management.processes import Child, Patience, StopRequest, adopt_orphans, bury_orphans, kill_descendants

TICK = 0.2
# Workers get their own grace first; the web application lets open pages go after 3 s.
WEB_GRACE = 5
# What listens on every address is reached on this one.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}  # noqa: S104


class CannotServe(Exception):
    """The message says in one sentence why, and what to do."""


@dataclass(frozen=True)
class BindAddress:
    host: str
    port: int

    @property
    def url(self) -> str:
        host = LOOPBACK.get(self.host, self.host)
        return f"http://{host}:{self.port}"

    def require_free(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            # As asyncio binds: connections that have just ended do not keep the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as problem:
                raise CannotServe(
                    f"Port {self.port} of {self.host} cannot be used ({problem.strerror}):"
                    " stop what listens there, or choose another one with --port."
                ) from problem

    def answers(self) -> bool:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Serving:
    """Web application and workers; either is started again when it dies."""

    def __init__(self, address: BindAddress, workers: int) -> None:
        self.address = address
        self._commands = {
            "web": [
                *(sys.executable, "-m", "uvicorn", "sentri.asgi:application", "--log-level", "warning"),
                *("--host", address.host, "--port", str(address.port), "--no-access-log"),
                # Proxies are believed by the operator's list alone (decision 36); clients send nothing over sockets.
                *("--timeout-graceful-shutdown", "3", "--no-proxy-headers", "--ws-max-size", "65536"),
            ],
            "workers": [sys.executable, "manage.py", "sentri_worker", "--workers", str(workers)],
        }
        self._graces = {"web": WEB_GRACE, "workers": settings.ENV.grace_seconds + 10}
        self._patience = {name: Patience() for name in self._commands}
        self._due: dict[str, float] = {}
        self._children: dict[str, Child] = {}

    def start(self, name: str) -> None:
        self._children[name] = Child(name, self._commands[name], {"SENTRI_BASE_URL": self.base_url})

    @property
    def base_url(self) -> str:
        """What was configured wins, for it may be the address of a proxy."""
        default = type(settings.ENV).base_url
        return self.address.url if settings.ENV.base_url == default else settings.ENV.base_url

    def look_after(self) -> None:
        """Starts again what has died, a little later each time."""
        bury_orphans(list(self._children.values()))
        for name, child in self._children.items():
            if child.returncode is None:
                continue
            if name not in self._due:
                self._due[name] = time.monotonic() + self._patience[name].after(child.age())
            elif time.monotonic() >= self._due[name]:
                del self._due[name]
                self.start(name)

    def wait_until_it_answers(self, stop: StopRequest, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        web = self._children["web"]
        while not self.address.answers():
            if stop.wait(TICK):
                return
            if web.returncode is not None:
                raise CannotServe("The web application ended at its start: the lines above say why.")
            if time.monotonic() > deadline:
                raise CannotServe(
                    f"{self.address.url} did not answer within {seconds:.0f} s: the lines above may say why."
                )

    def end(self) -> None:
        """Both are asked first, so that they stop side by side."""
        for child in self._children.values():
            child.ask_to_stop()
        for name, child in self._children.items():
            child.end(self._graces[name])
        kill_descendants()
        bury_orphans()


@contextmanager
def serving(address: BindAddress, workers: int, stop: StopRequest) -> Iterator[Serving]:
    """The product, up and answering inside the block (unless stop was set), and gone after it."""
    address.require_free()
    call_command("migrate", verbosity=0, interactive=False)
    adopt_orphans()
    site = Serving(address, workers)
    try:
        site.start("web")
        site.start("workers")
        site.wait_until_it_answers(stop)
        yield site
    finally:
        site.end()
