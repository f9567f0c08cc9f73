"""What the ledger bears: processes with a stub engine claim and record results of one run as fast as they can.

Each process is a worker without a browser: the real drive, the real ledger, and an engine whose tests take no time.
A test tells its start, its steps, its attempt and its end, as real ones do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench.product import settle_in
from bench.rounds import say
from sentri.env import ROOT
from tests.servers import postgresql

STEPS = 2
DOCUMENT = {
    "title": "Home shows its heading",
    "kind": "ui",
    "start": "/",
    "steps": [{"do": "expect_visible", "target": {"role": "heading", "name": "Home"}}] * STEPS,
}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/record", description=__doc__)
    parser.add_argument("--sizes", default="1000,100000", help="results of the runs, (%(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="workers (%(default)s)")
    parser.add_argument("--pullers", type=int, default=16, help="contexts of each that pull tests (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the smallest run (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    parser.add_argument("--worker", type=int, metavar="SHARD", help=argparse.SUPPRESS)
    return parser.parse_args(given)


async def stub(pull: Any, pullers: int) -> AsyncIterator[Any]:
    """The events of tests that pass at once, `pullers` tests at a time."""
    from runs.engine.events import AttemptEnded, StepEnded, StepReport, TestEnded, TestStarted

    events: asyncio.Queue[Any] = asyncio.Queue()
    steps = tuple(
        StepReport(index=number, do="expect_visible", sentence="See the heading “Home”.", ok=True, duration_ms=4)
        for number in range(STEPS)
    )

    async def slot() -> None:
        while (work := await pull()) is not None:
            result, number = work.result, work.attempts_before + 1
            for event in (
                TestStarted(result, number),
                *(StepEnded(result, number, step) for step in steps),
                AttemptEnded(result, number, True, time.time(), 10, steps),
                TestEnded(result, "passed", number, 10),
            ):
                events.put_nowait(event)

    slots = asyncio.gather(*(slot() for _ in range(pullers)))
    slots.add_done_callback(lambda _: events.put_nowait(None))
    while (event := await events.get()) is not None:
        yield event
    await slots


def work(shard: int, pullers: int) -> None:
    """One process: works a shard off, then prints how long each claim took, in ms."""
    import django

    django.setup()
    from django.db import connection

    from runs import ledger
    from runs.drive import Drive

    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    held = ledger.hold(shard, f"bench:{os.getpid()}")
    assert held is not None
    took: list[float] = []

    def claim(wanted: int) -> tuple[Sequence[Any], bool]:
        began = time.perf_counter()
        claimed = ledger.claim(held, 0, wanted)
        took.append((time.perf_counter() - began) * 1000)
        return claimed.works, claimed.more

    Drive(claim, lambda events: ledger.record(held, events), lambda: None).run(lambda pull: stub(pull, pullers))
    ended = time.monotonic()
    ledger.finish(held)
    print(json.dumps({"ended": ended, "claims_ms": took}))


def measured(size: int, processes: int, pullers: int) -> dict[str, float]:
    """One run of `size` results: seconds from its first claim to its last record, and the claims' latencies."""
    from django.db import connection

    from projects.models import Project, Test, Workspace
    from runs import ledger
    from runs.engine.plan import RunOptions
    from runs.models import Run

    workspace = Workspace.objects.create(name="Bench", slug=f"bench-{time.time_ns()}")
    project = Project.objects.create(workspace=workspace, name="Bench", url="http://site.test/")
    tests = [Test(project=project, title=f"Test {n}", document=DOCUMENT, review_status="approved") for n in range(size)]
    Test.keep_proposed(tests)
    run = ledger.open_test_run(ledger.RunRequest(project, None, "bench"), RunOptions(shards=processes), tests)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    shards = list(run.shards.values_list("pk", flat=True))
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.record", "--worker", str(shard), "--pullers", str(pullers)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for shard in shards
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    began = time.monotonic()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    said = [json.loads(worker.communicate()[0]) for worker in workers]
    took: list[float] = [each for one in said for each in one["claims_ms"]]
    # The monotonic clock is the system's, so processes may compare it.
    seconds = max(one["ended"] for one in said) - began
    run = Run.objects.get(pk=run.pk)
    if run.results.tally()["passed"] != size or run.status != "judging":
        raise SystemExit(f"{run}: {run.status}, {run.results.tally()}")
    took.sort()
    return {
        "results": size,
        "seconds": seconds,
        "per_second": size / seconds,
        "claim_p50_ms": took[len(took) // 2],
        "claim_p99_ms": took[int(len(took) * 0.99)],
        "claims": len(took),
    }


def main(given: Sequence[str] | None = None) -> None:
    wanted = arguments(given)
    if wanted.worker is not None:
        work(wanted.worker, wanted.pullers)
        return
    sizes = [int(size) for size in wanted.sizes.split(",")]
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-bench-")))
        settle_in(directory, stack.enter_context(postgresql(durable=True)))
        measured(200, wanted.processes, wanted.pullers)
        rounds: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
        for number in range(wanted.rounds):
            for size in sizes if number == 0 else sizes[:1]:
                rounds[size].append(measured(size, wanted.processes, wanted.pullers))
                say(f"{size:>7} results: {rounds[size][-1]['per_second']:7.0f} a second")
    show(rounds, wanted)


def show(rounds: dict[int, list[dict[str, float]]], wanted: argparse.Namespace) -> None:
    """The table, and with --json the object."""
    table = Table(box=box.MARKDOWN)
    for heading in ("results", "per second", "claim p50 ms", "claim p99 ms", "cost"):
        table.add_column(heading, justify="right")
    first = median(row["per_second"] for row in next(iter(rounds.values())))
    found = []
    for size, rows in rounds.items():
        middle = {name: median(row[name] for row in rows) for name in rows[0]}
        middle["cost"] = first / middle["per_second"]
        found.append(middle)
        table.add_row(
            str(size),
            f"{middle['per_second']:.0f}",
            f"{middle['claim_p50_ms']:.1f}",
            f"{middle['claim_p99_ms']:.1f}",
            f"{middle['cost']:.2f}",
        )
    Console().print(table)
    if wanted.json:
        print(json.dumps({"processes": wanted.processes, "pullers": wanted.processes * wanted.pullers, "runs": found}))


if __name__ == "__main__":
    main()
