"""From a worker to those who watch: how old events are when they arrive, and how long a whole story takes to be told.

A run is held by this process, which records one event after the other as a worker does. A web server of its own tells
them to clients of a third process, each on a socket of its own. An event's age is its arrival less its time of writing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench.product import settle_in
from bench.rounds import say
from sentri.env import ROOT
from tests.servers import free_port, postgresql


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/events", description=__doc__)
    parser.add_argument("--viewers", type=int, default=100, help="sockets on the run (%(default)s)")
    parser.add_argument("--rate", type=int, default=200, help="events a second (%(default)s)")
    parser.add_argument("--seconds", type=int, default=15, help="how long (%(default)s)")
    parser.add_argument("--replay", type=int, default=10_000, help="events of the story told at once (%(default)s)")
    parser.add_argument("--databases", default="postgresql,sqlite", help="(%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    parser.add_argument("--database", help=argparse.SUPPRESS)
    parser.add_argument("--watch", nargs=4, metavar=("URL", "TOKEN", "VIEWERS", "LAST"), help=argparse.SUPPRESS)
    return parser.parse_args(given)


async def watch(url: str, token: str, viewers: int, last: int) -> dict[str, Any]:
    """So many sockets, each from the story's beginning to the event `last`; ages in ms, and what was missing."""
    from websockets.asyncio.client import connect

    ages: list[float] = []
    gaps = 0

    async def viewer() -> None:
        nonlocal gaps
        seen = 0
        async with connect(url, additional_headers={"Authorization": f"Bearer {token}"}, max_size=None) as socket:
            async for message in socket:
                now = time.time()
                for line in json.loads(message):
                    gaps += line["seq"] != seen + 1
                    seen = line["seq"]
                    if line["type"] == "log":
                        ages.append((now - datetime.fromisoformat(line["at"]).timestamp()) * 1000)
                if seen >= last:
                    return

    began = time.monotonic()
    async with asyncio.timeout(300):
        await asyncio.gather(*(viewer() for _ in range(viewers)))
    ages.sort()
    return {
        "seconds": time.monotonic() - began,
        "gaps": gaps,
        "told": len(ages),
        "ages": ages[:: max(1, len(ages) // 2000)],
    }


@contextmanager
def web_server() -> Iterator[int]:
    """The web application on a free port."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "sentri.asgi:application",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        import httpx

        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz")
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def watching(port: int, run: str, token: str, viewers: int, last: int) -> subprocess.Popen[str]:
    url = f"ws://127.0.0.1:{port}/ws/runs/{run}?after=0&grouped=1"
    command = [sys.executable, "-m", "bench.events", "--watch", url, token, str(viewers), str(last)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def emit(held: Any, events: int, rate: int) -> None:
    """Records one log line at a time, each in a transaction of its own, at an even rate."""
    from runs import ledger
    from runs.engine.events import Log

    began = time.monotonic()
    for number in range(events):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        ledger.record(held, [Log("info", f"Event {number}")])
    took = time.monotonic() - began
    if took > 1.1 * events / rate:
        say(f"only {events / took:.0f} events a second could be recorded")


class Story:
    """A project with a member who may watch, and runs that this process holds and writes to."""

    def __init__(self) -> None:
        from django.contrib.auth import get_user_model

        from projects.models import ApiToken, Membership, Project, Test, Workspace

        workspace = Workspace.objects.create(name="Bench", slug="bench")
        user = get_user_model().objects.create_user("bench")
        Membership.objects.create(workspace=workspace, user=user, role="viewer")
        self.token = ApiToken.issue("bench", user=user)[1]
        self.project = Project.objects.create(workspace=workspace, name="Bench", url="http://site.test/")
        document = {"title": "T", "kind": "ui", "start": "/", "steps": [{"do": "expect_url", "path": "/"}]}
        self.test = Test.write(self.project, None, "T", document)

    def held(self) -> Any:
        """A new run, and the hold on its shard."""
        from runs import ledger
        from runs.engine.plan import RunOptions

        run = ledger.open_test_run(ledger.RunRequest(self.project, None, "bench"), RunOptions(), [self.test])
        hold = ledger.hold(run.shards.get().pk, "bench:1")
        run.refresh_from_db()
        return run, hold


def live_ages(story: Story, port: int, wanted: argparse.Namespace) -> dict[str, Any]:
    """What viewers got while events were recorded."""
    run, hold = story.held()
    count = wanted.rate * wanted.seconds
    viewers = watching(port, run.public_id, story.token, wanted.viewers, run.last_seq + count)
    time.sleep(3)
    emitting = threading.Thread(target=emit, args=(hold, count, wanted.rate))
    emitting.start()
    emitting.join()
    told: dict[str, Any] = json.loads(viewers.communicate(timeout=300)[0])
    return told


def replayed(story: Story, port: int, events: int) -> dict[str, Any]:
    """What one who comes late gets, and how long that takes."""
    from runs import ledger
    from runs.engine.events import Log

    run, hold = story.held()
    for _ in range(events // 200):
        ledger.record(hold, [Log("info", "An event of a long story")] * 200)
    run.refresh_from_db()
    viewer = watching(port, run.public_id, story.token, 1, run.last_seq)
    told: dict[str, Any] = json.loads(viewer.communicate(timeout=300)[0])
    return told


def measured(wanted: argparse.Namespace) -> dict[str, Any]:
    """One database: live ages, then the replay."""
    story = Story()
    with web_server() as port:
        live, replay = live_ages(story, port, wanted), replayed(story, port, wanted.replay)
    ages = live["ages"]
    return {
        "p50_ms": ages[len(ages) // 2],
        "p95_ms": ages[int(len(ages) * 0.95)],
        "p99_ms": ages[int(len(ages) * 0.99)],
        "told": live["told"],
        "gaps": live["gaps"] + replay["gaps"],
        "replay_s": replay["seconds"],
    }


def one(wanted: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-bench-")))
        settle_in(directory, stack.enter_context(postgresql(durable=True)) if wanted.database == "postgresql" else "")
        return measured(wanted)


def main(given: Sequence[str] | None = None) -> None:
    wanted = arguments(given)
    if wanted.watch:
        url, token, viewers, last = wanted.watch
        print(json.dumps(asyncio.run(watch(url, token, int(viewers), int(last)))))
        return
    if wanted.database:
        print(json.dumps(one(wanted)))
        return
    passed_on = [word for word in (given or sys.argv[1:]) if word != "--json"]
    table = Table(box=box.MARKDOWN)
    for heading in ("database", "p50 ms", "p95 ms", "p99 ms", "events told", "gaps", f"replay of {wanted.replay}, s"):
        table.add_column(heading, justify="right")
    found: dict[str, Any] = {}
    for database in wanted.databases.split(","):
        # Django takes one database for the life of a process, so each has a process of its own.
        command = [sys.executable, "-m", "bench.events", *passed_on, "--database", database]
        answer = subprocess.run(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True, check=True)
        found[database] = row = json.loads(answer.stdout.strip().splitlines()[-1])
        ages = (f"{row[name]:.0f}" for name in ("p50_ms", "p95_ms", "p99_ms"))
        table.add_row(database, *ages, str(row["told"]), str(row["gaps"]), f"{row['replay_s']:.2f}")
    Console().print(table)
    if wanted.json:
        print(json.dumps({"viewers": wanted.viewers, "rate": wanted.rate, "databases": found}))


if __name__ == "__main__":
    main()
