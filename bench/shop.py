"""The demo shop crawled and proved by the product, and what its proven tests say in later runs."""

from __future__ import annotations

import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import effort
from bench.product import Workspace, ended, settle_in, workers
from bench.rounds import say
from bench.sides import Broken
from tests.site.server import serve

ACCOUNT = {"username": "demo@example.com", "password": "demo-pass-1"}
CRAWL_SECONDS = 1_800.0
QUICK = {"retries": 0, "trace": "off", "screenshot": "off", "timeout_ms": 3_000}


@dataclass(frozen=True)
class Shop:
    """A shop, its project, the crawl that proved tests for it, and what that took by the clock and of processors."""

    url: str
    project: Any
    crawl: int
    seconds: float
    effort: float

    def tests(self) -> list[Any]:
        from projects.models import Test

        return list(Test.objects.filter(project=self.project).approved().order_by("pk"))

    def proofs(self) -> list[dict[str, Any]]:
        """Proofs of all proposals, the rejected ones as well."""
        from runs.models import Result

        return [result.proof or {} for result in Result.objects.filter(run=self.crawl).order_by("position")]

    def failures(self, tests: Sequence[Any], *, most: int | None = None) -> list[tuple[str, str]]:
        """Titles and reasons of the tests that fail in a run of their own; it stops after `most`."""
        from runs import ledger, states
        from runs.engine.plan import RunOptions
        from runs.models import Result, Run

        order = ledger.RunRequest(self.project, None, "bench")
        run = ledger.open_test_run(order, RunOptions.model_validate({**QUICK, "max_failures": most}), tests)
        ended(run.pk)
        run = Run.objects.get(pk=run.pk)
        if run.status != states.COMPLETED:
            raise Broken(f"{run.public_id} is {run.status}: {run.error}")
        failed = Result.objects.filter(run=run, status__in=(states.FAILED, states.FLAKY))
        return list(failed.values_list("title", "error"))

    def defect(self, *names: str) -> None:
        """Only these defects are on from now on."""
        body = json.dumps({"only": names}).encode()
        request = urllib.request.Request(f"{self.url}/__defects__", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def proven_shop(most: int) -> Iterator[Shop]:
    """A shop whose proven tests are approved, `most` proposals; processes end with the block. Raises Broken."""
    from projects.models import Test
    from runs import ledger, states
    from runs.engine.plan import CrawlOptions
    from runs.models import Run

    with ExitStack() as stack:
        url = stack.enter_context(serve())
        project = Workspace(f"{url}/").project
        project.keep_credentials(**ACCOUNT)
        project.save()
        supervisor = stack.enter_context(workers(1))
        before, began = effort.of_tree(supervisor), time.monotonic()
        options = CrawlOptions(test_count=most)
        run = ledger.open_crawl(ledger.RunRequest(project, None, "bench"), options)
        seconds = ended(run.pk, CRAWL_SECONDS) - began
        run = Run.objects.get(pk=run.pk)
        if run.status != states.COMPLETED:
            raise Broken(f"{run.public_id} is {run.status}: {run.error}")
        for test in Test.objects.filter(project=project).waiting():
            test.decide("approve", None)
        say(f"crawled and proved in {seconds:.0f} s: {run.pipeline}")
        yield Shop(url, project, run.pk, seconds, effort.of_tree(supervisor) - before)


@contextmanager
def own_database() -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="sentri-bench-") as directory:
        settle_in(Path(directory) / "data")
        yield
