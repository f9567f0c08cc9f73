"""From the commit that queues a run to its first step, on a worker of the product that is warm."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench import delays, rounds
from bench.journeys import journeys
from bench.product import Workspace, ended, settle_in, where, workers
from bench.rounds import say
from bench.sides import Broken
from runs.engine.browser.find import NoBrowser
from tests.site.server import serve

AIM_SECONDS = 1.0
WARM_ROUNDS = 2
MARKS = ("shard_started", "test_started", "step")
CHANCE = random.Random(7)


class Bench:
    def __init__(self, stack: ExitStack) -> None:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-bench-")))
        settle_in(directory, os.environ.get("SENTRI_DATABASE_URL", ""))
        self.workspace = Workspace(stack.enter_context(serve()))
        self.workspace.write(journeys(1))
        self.parts: list[list[float]] = []
        stack.enter_context(workers(1))

    def once(self, _turn: int) -> float:
        """Seconds from the commit to the line of the story that tells the first step."""
        from projects.models import Test
        from runs import ledger
        from runs.engine.plan import RunOptions
        from runs.models import RunEvent

        tests = list(Test.objects.filter(project=self.workspace.project).approved())
        time.sleep(CHANCE.random())
        run = ledger.open_test_run(
            ledger.RunRequest(self.workspace.project, None, "bench"), RunOptions(parallel=1), tests
        )
        committed = time.time()
        ended(run.pk)
        at = {event.type: event.at.timestamp() for event in RunEvent.objects.filter(run=run).order_by("-seq")}
        if not at.keys() >= set(MARKS):
            raise Broken(f"{run.public_id} ended without a step.")
        moments = [committed, *(at[mark] for mark in MARKS)]
        self.parts.append([later - earlier for earlier, later in pairwise(moments)])
        return at["step"] - committed

    def split(self) -> str:
        """Where the typical round spent its time."""
        lengths = [median(part) for part in zip(*self.parts, strict=True)]
        words = ("until a worker has it", "until a test is begun", "until its first step is told")
        return ", ".join(f"{seconds:.2f} s {said}" for seconds, said in zip(lengths, words, strict=True))


def main(given: Sequence[str] | None = None) -> int:
    wanted = delays.arguments("bench/start", __doc__, 30).parse_args(given)
    try:
        with ExitStack() as stack:
            bench = Bench(stack)
            say("warming up")
            for turn in range(WARM_ROUNDS):
                bench.once(turn)
            bench.parts.clear()
            seconds = delays.measured(wanted.rounds, bench.once)
            title = f"1 worker, {where()}; {rounds.machine()}"
            table = delays.table(title, {"queued to first step": seconds}, AIM_SECONDS)
            rounds.show(table, f"Typically {bench.split()}.")
    except (Broken, NoBrowser) as problem:
        say(f"bench/start: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    if wanted.json:
        rounds.last_line({"start": delays.summary(seconds), "rounds": len(seconds), "database": where()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
