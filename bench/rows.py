"""Ordering a run of a test with many rows of data: seconds, how much the database grows, memory of the process.

The second side keeps a copy of the document, all rows included, in each result: what a run cost before results
referred to versions.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from rich import box
from rich.table import Table

from bench import rounds
from bench.product import settle_in, where

AIM_SECONDS, AIM_MEGABYTES, MEGABYTE = 2.0, 20.0, 1_000_000
STEPS = [{"do": "fill", "target": {"label": "Name"}, "value": "{{name}}"}, {"do": "expect_url", "path": "/"}]


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/rows", description=__doc__)
    parser.add_argument("--sizes", default="1000,10000", help="rows of the test (%(default)s)")
    parser.add_argument("--copied", type=int, default=1000, help="rows with a copy in each result (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="orders of each size (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    wanted = parser.parse_args(given)
    wanted.sizes = sorted(int(size) for size in wanted.sizes.split(","))
    if not 1 <= wanted.sizes[0] <= wanted.sizes[-1] <= 10_000 or wanted.rounds < 1:
        parser.error("--sizes are from 1 to 10000, --rounds 1 or more")
    return wanted


@dataclass(frozen=True)
class Ordered:
    """One order: seconds of its request, bytes that the database grew, bytes that the process's most memory grew."""

    seconds: float
    growth: int
    memory: int


class Asker:
    """Somebody who orders runs as clients do, by requests to the API."""

    def __init__(self) -> None:
        from django.conf import settings
        from django.contrib.auth import get_user_model
        from django.test import Client

        from projects.models import Membership, Project, Workspace

        settings.ALLOWED_HOSTS = ["*"]
        workspace = Workspace.objects.create(name="Bench", slug="bench")
        self.project = Project.objects.create(workspace=workspace, name="Bench", url="http://site.test/")
        self.client = Client()
        person = get_user_model().objects.create_user("bench")
        Membership.objects.create(workspace=workspace, user=person, role="qa_lead")
        self.client.force_login(person)

    def test_of(self, size: int) -> Any:
        from projects.models import Test

        rows = [{"name": f"Visitor {number}", "city": "Lyon", "note": "x" * 60} for number in range(size)]
        document: dict[str, Any] = {"title": f"{size} visitors", "start": "/", "steps": STEPS, "data": rows}
        test = Test.write(self.project, None, document["title"], document)
        test.decide("approve", None)
        return test

    def order(self, test: Any) -> Ordered:
        gc.collect()
        size, memory, began = stored(), most_memory(), time.perf_counter()
        answer = self.client.post(
            f"/api/v1/projects/{self.project.public_id}/run", {"tests": [test.public_id]}, "application/json"
        )
        seconds = time.perf_counter() - began
        assert answer.status_code == 202, answer.content
        assert self.project.runs.latest("pk").results.count() == len(test.document["data"])
        return Ordered(seconds, stored() - size, most_memory() - memory)


def stored() -> int:
    """Bytes of the database."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        else:
            cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@contextmanager
def copies() -> Iterator[None]:
    """Results keep the document of their test, as they once did."""
    from runs.ledger import planned_results

    plain = planned_results._row

    def copying(piece: Any, candidate: Any) -> dict[str, Any]:
        return plain(piece, candidate) | {"document": piece.test.document}

    with mock.patch.object(planned_results, "_row", copying):
        yield


def measured(wanted: argparse.Namespace) -> dict[str, list[Ordered]]:
    asker = Asker()
    asker.order(asker.test_of(1))
    found: dict[str, list[Ordered]] = {}
    for size in wanted.sizes:
        test = asker.test_of(size)
        found[f"{size:,} rows"] = [asker.order(test) for _ in range(wanted.rounds)]
    with copies():
        test = asker.test_of(wanted.copied)
        found[f"{wanted.copied:,} rows, copied"] = [asker.order(test) for _ in range(wanted.rounds)]
    return found


def main(given: Sequence[str] | None = None) -> int:
    wanted = arguments(given)
    with tempfile.TemporaryDirectory(prefix="sentri-bench-") as directory:
        settle_in(Path(directory), os.environ.get("SENTRI_DATABASE_URL", ""))
        found, database = measured(wanted), where()
    drawn = Table(title=f"A run of one test with rows of data, {database}", title_justify="left", box=box.MARKDOWN)
    for heading in ("", "seconds, median", "database grew, MB", "memory grew, MB"):
        drawn.add_column(heading, justify="right" if heading else "left")
    said: dict[str, dict[str, float]] = {}
    for name, orders in found.items():
        seconds, growth = median(one.seconds for one in orders), median(one.growth for one in orders) / MEGABYTE
        memory = max(one.memory for one in orders) / MEGABYTE
        drawn.add_row(name, f"{seconds:.2f}", f"{growth:.1f}", f"{memory:.0f}")
        said[name] = {"seconds": round(seconds, 2), "grew_mb": round(growth, 1), "memory_mb": round(memory)}
    aim = f"At most {AIM_SECONDS:g} s and {AIM_MEGABYTES:g} MB for 10,000 rows."
    rounds.show(drawn, aim, rounds.machine())
    if wanted.json:
        rounds.last_line(said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
