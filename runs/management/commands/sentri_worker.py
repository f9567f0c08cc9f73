from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from runs.management.supervisor import Supervisor


class Command(BaseCommand):
    help = "Runs workers until it is stopped: starts them again when they die, and sweeps up after lost ones."
    # Those of sentri/checks.py. Django's own would load every page and the API, which no worker serves.
    requires_system_checks = ("sentri",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workers", type=int, default=settings.ENV.workers, help="processes that execute runs")

    def handle(self, *_: Any, workers: int, **__: Any) -> None:
        env = settings.ENV
        Supervisor(max(workers, 1), grace=env.grace_seconds, canary_period=env.canary_seconds).run()
