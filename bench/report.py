"""The report of one large run: read from the database, judged, its failures grouped by cause, its tests scored."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from rich import box
from rich.table import Table

from bench import rounds
from bench.large import Large
from bench.product import settle_in
from bench.rounds import say

PARTS = {
    "read": "results, last attempts, histories, earlier causes",
    "verdict": "gates and web-vitals budgets",
    "clusters": "causes of the failures",
    "flakiness": "histories of all tests, read and scored",
    "total": "",
}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/report", description=__doc__)
    parser.add_argument("--results", type=int, default=10_000, help="of the run (%(default)s)")
    parser.add_argument("--failures", type=int, default=2_000, help="of these (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often it is measured (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    wanted = parser.parse_args(given)
    if not 0 < wanted.failures <= wanted.results or wanted.rounds < 1:
        parser.error("--failures are 1 or more and no more than --results; --rounds are 1 or more")
    return wanted


@contextmanager
def database() -> Iterator[str]:
    """An empty database that is gone afterwards: SQLite, or one of its own on the server of SENTRI_DATABASE_URL."""
    url = os.environ.get("SENTRI_DATABASE_URL")
    with tempfile.TemporaryDirectory(prefix="sentri-bench-") as directory:
        if not url:
            settle_in(Path(directory) / "data")
            yield "SQLite"
            return
        os.environ |= {"DJANGO_SETTINGS_MODULE": "sentri.settings", "SENTRI_DATA_DIR": directory}
        import django
        from django.db import connection

        django.setup()
        given = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield "PostgreSQL" if connection.vendor == "postgresql" else connection.vendor
        finally:
            connection.creation.destroy_test_db(given, verbosity=0)


class Watch:
    """Seconds of parts by the clock and of the processor, a list over rounds each."""

    def __init__(self) -> None:
        self.clock: dict[str, list[float]] = defaultdict(list)
        self.processor: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began, used = time.perf_counter(), time.process_time()
        yield
        self.clock[name].append(time.perf_counter() - began)
        self.processor[name].append(time.process_time() - used)

    @staticmethod
    def told(parts: dict[str, list[float]], of: Callable[[list[float]], float] = median) -> dict[str, float]:
        """The table's parts; reading is what is left of the report without the clusters."""
        seconds = {name: of(taken) for name, taken in parts.items()}
        seconds["read"] = seconds["report"] - seconds["clusters"]
        seconds["total"] = seconds["report"] + seconds["verdict"] + seconds["flakiness"]
        return {name: round(seconds[name], 3) for name in PARTS}


def measure(large: Large, number: int) -> tuple[Watch, dict[str, Any]]:
    from runs import gates, insight, reading
    from runs.models import Run, TestHistory

    watch, found = Watch(), {}
    for turn in range(number):
        run = Run.objects.select_related("project").get(pk=large.run.pk)
        with watch.part("report"):
            report = reading.report(run)
        with watch.part("verdict"):
            judgement = gates.judge(report)
        harmless = reading.harmless(run)
        with watch.part("clusters"):
            causes = insight.causes(report.failures, harmless)
        with watch.part("flakiness"):
            rows = TestHistory.objects.filter(test__project=large.project).values_list("outcomes", flat=True)
            scores = [insight.flakiness(outcomes) for outcomes in rows]
        flaky = sum(score.is_flaky for score in scores)
        found = {"verdict": judgement.verdict, "causes": len(causes), "flaky": flaky}
        say(f"round {turn + 1} of {number}  {sum(taken[-1] for taken in watch.clock.values()):7.2f} s")
    return watch, found


def table(title: str, columns: Sequence[dict[str, float]]) -> Table:
    drawn = Table(title=title, title_justify="left", box=box.MARKDOWN)
    drawn.add_column("")
    for heading in ("seconds, median", "least", "processor s"):
        drawn.add_column(heading, justify="right")
    drawn.add_column("of what")
    for name, words in PARTS.items():
        drawn.add_row(name, *(f"{column[name]:.3f}" for column in columns), words)
    return drawn


def main(given: Sequence[str] | None = None) -> int:
    wanted = arguments(given)
    try:
        with database() as kind:
            say(f"filling in {wanted.results} results on {kind}")
            large = Large(wanted.results, wanted.failures)
            watch, found = measure(large, wanted.rounds)
    except KeyboardInterrupt:
        return 130
    columns = [watch.told(watch.clock), watch.told(watch.clock, min), watch.told(watch.processor)]
    title = f"{wanted.results} results, {wanted.failures} failed, {wanted.rounds} rounds, {kind}; {rounds.machine()}"
    rounds.show(
        table(title, columns),
        f"Verdict {found['verdict']}, {found['causes']} causes, {found['flaky']} flaky tests.",
    )
    if wanted.json:
        sizes = {"results": wanted.results, "failures": wanted.failures, "rounds": wanted.rounds, "database": kind}
        seconds = dict(zip(("seconds", "least_seconds", "processor_seconds"), columns, strict=True))
        rounds.last_line({**seconds, **found, **sizes})
    return 0


if __name__ == "__main__":
    sys.exit(main())
