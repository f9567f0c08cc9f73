"""From the request to abort a run to the end of its last page, on workers of the product with tests that wait."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from bench import delays, rounds
from bench.product import Workspace, settle_in, where, workers
from bench.rounds import say
from bench.sides import Broken
from runs.engine.browser.find import NoBrowser
from tests.site.server import serve

AIM_SECONDS = 2.0
WORKERS = 2
CONTEXTS = 2
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.01
IDLE_SECONDS = 3.0
WAITING = {"do": "expect_visible", "target": {"text": "This never appears"}, "timeout": 120_000}
CHANCE = random.Random(20)


def pages_of(supervisor: int) -> set[int]:
    """The processes that hold the pages of all browsers below the supervisor."""
    found = set()
    for process in psutil.Process(supervisor).children(recursive=True):
        try:
            if "--type=renderer" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process.pid)
        except psutil.Error:
            continue
    return found


class Bench:
    def __init__(self, stack: ExitStack) -> None:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-bench-")))
        settle_in(directory, os.environ.get("SENTRI_DATABASE_URL", ""))
        self.workspace = Workspace(stack.enter_context(serve()))
        self.workspace.write(
            [
                {"title": f"Waits ({number})", "kind": "ui", "start": "/", "steps": [WAITING]}
                for number in range(WORKERS * CONTEXTS)
            ]
        )
        self.supervisor = stack.enter_context(workers(WORKERS))
        self.committed: list[float] = []

    def once(self, _turn: int) -> float:
        """Seconds from the request to the last page's end."""
        from runs import ledger

        idle = pages_of(self.supervisor)
        run = self._everybody_waits()
        pages = pages_of(self.supervisor) - idle
        if len(pages) < WORKERS * CONTEXTS:
            raise Broken(f"Only {len(pages)} pages are open instead of {WORKERS * CONTEXTS}.")
        time.sleep(CHANCE.random())
        began = time.monotonic()
        ledger.abort(run, "bench")
        self.committed.append(time.monotonic() - began)
        _until(lambda: not pages & pages_of(self.supervisor), "The pages stay open.")
        took = time.monotonic() - began
        time.sleep(IDLE_SECONDS)
        return took

    def _everybody_waits(self) -> int:
        from projects.models import Test
        from runs import ledger
        from runs.engine.plan import RunOptions
        from runs.models import RunEvent

        tests = list(Test.objects.filter(project=self.workspace.project).approved())
        options = RunOptions(shards=WORKERS, parallel=CONTEXTS, hedge=False, test_timeout_ms=120_000)
        run = ledger.open_test_run(ledger.RunRequest(self.workspace.project, None, "bench"), options, tests)
        steps = RunEvent.objects.filter(run=run, type="step")
        _until(lambda: steps.count() == len(tests), "Not all tests were begun.")
        return int(run.pk)


def _until(holds: Any, otherwise: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > until:
            raise Broken(otherwise)
        time.sleep(LOOK_SECONDS)


def main(given: Sequence[str] | None = None) -> int:
    wanted = delays.arguments("bench/abort", __doc__, 20).parse_args(given)
    try:
        with ExitStack() as stack:
            bench = Bench(stack)
            say("warming up")
            bench.once(-1)
            seconds = delays.measured(wanted.rounds, partial(bench.once))
            title = f"{WORKERS} workers with {CONTEXTS} contexts, {where()}; {rounds.machine()}"
            rounds.show(delays.table(title, {"abort to last page closed": seconds}, AIM_SECONDS))
    except (Broken, NoBrowser) as problem:
        say(f"bench/abort: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    if wanted.json:
        rounds.last_line({"abort": delays.summary(seconds), "rounds": len(seconds), "database": where()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
