"""From the death of a worker (SIGKILL) in the middle of a test to the same test running again on another one."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import delays, rounds
from bench.product import Workspace, settle_in, workers
from bench.rounds import say
from bench.sides import Broken
from runs.engine.browser.find import NoBrowser
from tests.servers import postgresql
from tests.site.server import serve

PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.02
WAITING = {"do": "expect_visible", "target": {"text": "This never appears"}, "timeout": 120_000}


class Bench:
    """Two workers, and a test that waits until it is aborted."""

    def __init__(self, stack: ExitStack) -> None:
        from django.conf import settings

        self.aim = settings.ENV.lease_seconds + 2
        self.workspace = Workspace(stack.enter_context(serve()))
        self.workspace.write([{"title": "Waits", "kind": "ui", "start": "/", "steps": [WAITING]}])
        stack.enter_context(workers(2))

    def once(self, _turn: int) -> float:
        from projects.models import Test
        from runs import ledger
        from runs.engine.plan import RunOptions
        from runs.models import Lease, RunEvent

        tests = list(Test.objects.filter(project=self.workspace.project).approved())
        options = RunOptions(shards=1, parallel=1, hedge=False, test_timeout_ms=120_000)
        run = ledger.open_test_run(ledger.RunRequest(self.workspace.project, None, "bench"), options, tests)
        starts = RunEvent.objects.filter(run=run, type="test_started")
        _until(lambda: starts.count() == 1, "The test was not begun.")
        time.sleep(1)
        name = Lease.objects.get(shard__run=run, state="open").worker
        began = time.monotonic()
        os.kill(int(name.rpartition(":")[2]), signal.SIGKILL)
        _until(lambda: starts.count() == 2, "The test was not begun again.")
        took = time.monotonic() - began
        ledger.abort(run.pk, "bench")
        return took


def _until(holds: Callable[[], Any], otherwise: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > until:
            raise Broken(otherwise)
        time.sleep(LOOK_SECONDS)


def main(given: Sequence[str] | None = None) -> int:
    wanted = delays.arguments("bench/recovery", __doc__, 5).parse_args(given)
    try:
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-bench-")))
            settle_in(directory, stack.enter_context(postgresql(durable=True)))
            bench = Bench(stack)
            seconds = delays.measured(wanted.rounds, bench.once)
            title = f"PostgreSQL, leases of {bench.aim - 2:g} s; {rounds.machine()}"
            rounds.show(delays.table(title, {"SIGKILL to running again": seconds}, bench.aim))
    except (Broken, NoBrowser) as problem:
        say(f"bench/recovery: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    if wanted.json:
        rounds.last_line({"recovery": delays.summary(seconds), "aim": bench.aim, "rounds": len(seconds)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
