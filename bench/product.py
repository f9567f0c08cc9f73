"""Sentri as its users have it: a database of its own, a supervisor with workers, runs opened in the ledger."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.rounds import clean_up_when_asked_to_end
from bench.sides import Broken, Layout
from sentri.env import ROOT

PATIENCE_SECONDS = 600.0
LOOK_SECONDS = 0.02
FOREIGN = ("SENTRI_DATABASE_URL", "SENTRI_REDIS_URL", "SENTRI_BROKER")


@dataclass(frozen=True)
class Ran:
    """One run, in seconds: all of it as its opener saw it, and the stretches between the events that part it."""

    whole: float
    parts: Mapping[str, float]
    run: int


def settle_in(directory: Path, database_url: str = "") -> None:
    """From now on this process and its children work on an empty database: the one given, or one in the directory."""
    clean_up_when_asked_to_end()
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "sentri.settings",
        "SENTRI_DATA_DIR": str(directory),
        "SENTRI_LOG_LEVEL": "WARNING",
        "SENTRI_ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
    }
    if database_url:
        os.environ["SENTRI_DATABASE_URL"] = database_url
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def where() -> str:
    """The kind of database that is worked on."""
    from django.db import connection

    return connection.display_name


@contextmanager
def workers(number: int) -> Iterator[int]:
    """The supervisor with so many workers, for as long as the block lasts; gives its process id."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "sentri_worker", "--workers", str(number)], cwd=ROOT, start_new_session=True
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Workspace:
    """A project at the site, with what is to be run in it."""

    def __init__(self, url: str) -> None:
        from projects.models import Project
        from projects.models import Workspace as Rows

        rows, _ = Rows.objects.get_or_create(slug="bench", defaults={"name": "Bench"})
        self.project = Project.objects.create(workspace=rows, name=url, url=url)

    def write(self, documents: Sequence[Mapping[str, Any]]) -> None:
        from projects.models import Test

        for document in documents:
            Test.write(self.project, None, document["title"], dict(document)).decide("approve", None)

    def run_tests(self, layout: Layout) -> Ran:
        """All tests of the project, each of which must pass at once."""
        from projects.models import Test
        from runs import ledger, reading
        from runs.engine.plan import RunOptions

        tests = list(Test.objects.filter(project=self.project).approved())
        options = RunOptions(shards=layout.browsers, parallel=layout.contexts)
        began = time.monotonic()
        run = ledger.open_test_run(ledger.RunRequest(self.project, None, "bench"), options, tests)
        whole = ended(run.pk) - began
        counts = reading.counts(run.pk)
        if counts.passed != len(tests):
            others = run.results.exclude(status="passed").values_list("title", "status", "error")
            told = "; ".join(f"{title} {status} {error}".strip() for title, status, error in others[:3])
            raise Broken(f"{run.public_id}: {counts.passed} of {len(tests)} tests passed at once: {told}")
        marks = (("queue", "shard_started"), ("execution", "judging"), ("judging", "done"))
        return Ran(whole, _parts(run.pk, marks), run.pk)

    def crawl(self, layout: Layout, pages: int) -> Ran:
        """A crawl that must find exactly so many pages; `parts["crawl"]` is from the pick-up to the last page."""
        from runs import ledger, reading
        from runs.engine.plan import CrawlOptions

        options = CrawlOptions(
            shards=layout.browsers,
            parallel=layout.contexts,
            max_pages=pages + 10,
            max_depth=50,
            same_template=1000,
            test_count=0,
        )
        began = time.monotonic()
        run = ledger.open_crawl(ledger.RunRequest(self.project, None, "bench"), options)
        whole = ended(run.pk) - began
        counts = reading.page_counts(run.pk)
        if counts.done != pages:
            raise Broken(f"{run.public_id}: {counts} instead of {pages} pages.")
        return Ran(whole, _parts(run.pk, (("queue", "shard_started"), ("crawl", "propose"), ("rest", "done"))), run.pk)


def ended(run: int, patience: float = PATIENCE_SECONDS) -> float:
    """When the run's end was committed, on the monotonic clock."""
    from runs.models import Run

    until = time.monotonic() + patience
    while time.monotonic() < until:
        if Run.objects.filter(pk=run, finished_at__isnull=False).exists():
            return time.monotonic()
        time.sleep(LOOK_SECONDS)
    raise Broken(f"RUN-{run} did not end within {patience:g} s.")


def _parts(run: int, marks: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Seconds between the run's first events of these names; a stage is named by itself."""
    from runs.models import RunEvent

    first: dict[str, datetime] = {}
    for event in RunEvent.objects.filter(run=run).order_by("seq"):
        first.setdefault(event.data["stage"] if event.type == "stage" else event.type, event.at)
    times = [first["queued"], *(first[mark] for _, mark in marks)]
    lengths = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    return {name: length for (name, _), length in zip(marks, lengths, strict=True)}
