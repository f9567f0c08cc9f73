from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from runs.management.drill import outside
from runs.management.drill.drilling import Drill, DrillReport
from runs.management.processes import StopRequest

SHORT_ROUNDS, ROUNDS = 16, 200
# Short leases make a drill of hundreds of rounds a matter of an hour; losses are what it is about.
SETTINGS = {
    "SENTRI_LEASE_SECONDS": "4",
    "SENTRI_RENEW_SECONDS": "1",
    "SENTRI_MAX_LEASES": "1000",
    "SENTRI_CANARY_SECONDS": "10",
    "SENTRI_GRACE_SECONDS": "10",
    "SENTRI_SLICE_SECONDS": "3",
    "SENTRI_ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
    "SENTRI_LOG_LEVEL": "CRITICAL",
}
# A drill touches no installation, also where this machine has settings of one.
FOREIGN = ("SENTRI_BROKER", "SENTRI_STORAGE_URL", "SENTRI_BROWSER_WS")


class Command(BaseCommand):
    help = (
        "Runs many short runs on real workers while it kills, pauses, restarts and repeats everything around them; "
        "says what was lost, doubled or stuck. Exit 1 if anything was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--short", action="store_true", help=f"{SHORT_ROUNDS} rounds instead of {ROUNDS}")
        parser.add_argument("--rounds", type=int, help="so many rounds")
        parser.add_argument("--seed", type=int, help="repeats the choices of an earlier drill")
        parser.add_argument("--workers", type=int, default=4, help="worker processes (default: %(default)s)")
        parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")

    def handle(self, *_: Any, **options: Any) -> None:
        rounds = options["rounds"] or (SHORT_ROUNDS if options["short"] else ROUNDS)
        if rounds < 1 or options["workers"] < 2:
            raise CommandError("--rounds must be 1 or more and --workers 2 or more.", returncode=2)
        seed = options["seed"] if options["seed"] is not None else secrets.randbelow(1_000_000)
        if outside.CONTROL not in os.environ:
            raise SystemExit(_on_servers_of_its_own(rounds, seed, options))
        call_command("migrate", verbosity=0, interactive=False)
        console = Console(stderr=options["json"])
        with StopRequest() as stop:
            drill = Drill(seed, options["workers"], lambda line: console.print(line, style="dim", markup=False))
            report = drill.carry_out(rounds, stop)
        _show(console, report)
        if options["json"]:
            self.stdout.write(json.dumps(report.plain))
        if not report.findings.clean:
            raise SystemExit(1)


def _on_servers_of_its_own(rounds: int, seed: int, options: dict[str, Any]) -> int:
    """The same command in a process that has PostgreSQL and Redis of its own."""
    command = [sys.executable, "manage.py", "sentri_drill", "--rounds", str(rounds), "--seed", str(seed)]
    command += ["--workers", str(options["workers"]), *(["--json"] if options["json"] else [])]
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    try:
        with StopRequest() as stop, outside.servers() as found:
            child = subprocess.Popen(command, cwd=settings.BASE_DIR, env={**kept, **SETTINGS, **found})
            while child.poll() is None:
                if stop.wait(0.2):
                    child.terminate()
                    child.wait()
            return child.returncode
    except outside.NoServers as problem:
        raise CommandError(str(problem), returncode=2) from problem


def _show(console: Console, report: DrillReport) -> None:
    done = Table("fault", "times", title=f"{report.rounds} rounds, {report.runs} runs")
    for name, number in sorted(report.faults.items()):
        done.add_row(name, str(number))
    console.print(done)
    ends = ", ".join(f"{number} {how}" for how, number in sorted(report.ended.items()))
    console.print(
        f"Runs: {ends}. Leases lost: {report.leases_lost}. Workers that hung and were replaced: {report.hung}."
        f" Tests that crashed two workers: {report.poisoned}."
    )
    console.print(f"Effects: {report.deliveries}, of which {report.repeated} arrived again under the same key.")
    found = Table("must not happen", "times")
    for name, number in report.findings.numbers.items():
        found.add_row(name.replace("_", " "), str(number))
    console.print(found)
    for sentence in report.findings.sentences[:50]:
        console.print(f"  {sentence}", markup=False)
    console.print(f"Repeat it with --seed {report.seed} --rounds {report.rounds}", markup=False)
