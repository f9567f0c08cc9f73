from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from projects.first import nobody_yet
from runs.management.processes import StopRequest
from runs.management.serving import TICK, BindAddress, CannotServe, serving


class Command(BaseCommand):
    help = "Serves Sentri on this machine, web application and workers together, until Ctrl+C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
        parser.add_argument("--workers", type=int, default=settings.ENV.workers, help="processes that execute runs")

    def handle(self, *_: Any, host: str, port: int, workers: int, **__: Any) -> None:
        try:
            with StopRequest() as stop, serving(BindAddress(host, port), workers, stop) as site:
                if not stop:
                    self.stdout.write(f"Sentri is at {site.address.url} (Ctrl+C stops it)")
                    if nobody_yet():
                        self.stdout.write("Nobody has an account yet: open it on this machine to make the first one.")
                    # Who starts it through a pipe waits for this line.
                    self.stdout.flush()
                while not stop.wait(TICK):
                    site.look_after()
        except CannotServe as problem:
            self.stderr.write(str(problem))
            sys.exit(2)
