"""A skewed suite on two workers of the product: how near the makespan comes to the ideal, before and after learning.

Tests wait in the browser for times drawn from a log-normal distribution, so they take long and cost little. The ideal
is max(work of all tests / windows, longest test), with the times that the tests really took.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from rich import box
from rich.table import Table

from bench import rounds
from bench.product import Workspace, settle_in, workers
from bench.rounds import say
from bench.sides import Broken, Layout
from runs.engine.browser.find import NoBrowser
from tests.servers import postgresql
from tests.site.server import serve

WORKERS, CONTEXTS = 2, 2
MEDIAN_MS, SPREAD, MOST_MS = 1200, 1.0, 12_000
PATIENCE_SECONDS = 60.0


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/skewed", description=__doc__)
    parser.add_argument("--tests", type=int, default=40, help="how many (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="runs after the first one (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the durations (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    return parser.parse_args(given)


def documents(number: int, seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    found = []
    for place in range(number):
        wait = min(MOST_MS, max(100, round(MEDIAN_MS * math.exp(SPREAD * chance.gauss(0, 1)))))
        step = {"do": "expect_visible", "target": {"text": "Nowhere"}, "optional": True, "timeout": wait}
        found.append({"title": f"Waits {wait} ms ({place + 1})", "kind": "ui", "start": "/", "steps": [step]})
    return found


def once(workspace: Workspace) -> dict[str, float]:
    """One run: its makespan and its ideal, in seconds; returns once it has been learnt from."""
    from runs.models import Delivery, Run

    ran = workspace.run_tests(Layout(WORKERS, CONTEXTS))
    until = time.monotonic() + PATIENCE_SECONDS
    while Delivery.objects.filter(run=ran.run, kind="feedback", state="owed").exists():
        if time.monotonic() > until:
            raise Broken("The run was not learnt from.")
        time.sleep(0.1)
    makespan = Run.objects.get(pk=ran.run).makespan or {}
    if makespan.get("slots") != WORKERS * CONTEXTS:
        raise Broken(f"{makespan.get('slots')} windows took part instead of {WORKERS * CONTEXTS}.")
    achieved, ideal = makespan["achieved_ms"] / 1000, makespan["ideal_ms"] / 1000
    return {"achieved_s": achieved, "ideal_s": ideal, "ratio": achieved / ideal}


def main(given: Sequence[str] | None = None) -> int:
    wanted = arguments(given)
    try:
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-bench-")))
            settle_in(directory, stack.enter_context(postgresql(durable=True)))
            url = stack.enter_context(serve())
            stack.enter_context(workers(WORKERS))
            warm = Workspace(url)
            warm.write(documents(WORKERS * CONTEXTS, 0))
            warm.run_tests(Layout(WORKERS, CONTEXTS))
            workspace = Workspace(f"{url}/")
            workspace.write(documents(wanted.tests, wanted.seed))
            found = [once(workspace) for _ in range(1 + wanted.rounds)]
    except (Broken, NoBrowser) as problem:
        say(f"bench/skewed: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    rows = {"first run, nothing known": found[:1], "with history": found[1:]}
    table = Table(title=f"{wanted.tests} tests; {rounds.machine()}", title_justify="left", box=box.MARKDOWN)
    for heading in ("", "makespan s", "ideal s", "ratio", "worst"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, runs in rows.items():
        middle = [f"{median(run[key] for run in runs):.2f}" for key in ("achieved_s", "ideal_s")]
        ratios = [run["ratio"] for run in runs]
        table.add_row(name, *middle, f"{median(ratios):.3f}", f"{max(ratios):.3f}")
    rounds.show(table)
    if wanted.json:
        rounds.last_line({"first": found[0], "learnt": found[1:]})
    return 0


if __name__ == "__main__":
    sys.exit(main())
