"""A worker is killed while it tries things on an application: each case is tried, and told, once."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from projects.models import Project, Workspace
from runs import ledger
from runs.engine.plan import CrawlOptions
from runs.models import Lease, Run
from tests.site.server import serve
from tests.tasks.conftest import Start

SHORT = {"SENTRI_LEASE_SECONDS": "4", "SENTRI_RENEW_SECONDS": "1"}


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    with serve() as url:
        yield url


def run_of(crawl: Run) -> Run:
    return Run.objects.get(pk=crawl.pk)


def tried(crawl: Run, count: int) -> Callable[[], bool]:
    return lambda: crawl.cases.filter(status="done").count() >= count


def test_a_worker_killed_while_it_tries_things_loses_no_case_and_repeats_none(
    transactional_db: None, shop: str, start_workers: Start, eventually: Any
) -> None:
    project = Project.objects.create(
        workspace=Workspace.objects.create(name="Quality", slug="quality"), name="Shop", url=f"{shop}/"
    )
    start_workers(**SHORT)
    order = ledger.RunRequest(project, None, "Ada")
    crawl = ledger.open_crawl(order, CrawlOptions(max_pages=5, test_count=40, shards=2, replays=1, max_breakages=0))
    eventually(tried(crawl, 4))
    lease = Lease.objects.filter(shard__run=crawl, state="open").order_by("opened_at")[0]
    before = dict(crawl.cases.filter(status="done").values_list("pk", "observed_at"))
    os.kill(int(lease.worker.rpartition(":")[2]), signal.SIGKILL)
    eventually(lambda: run_of(crawl).stage not in ("plan", "observe"))
    tally = crawl.cases.tally()
    assert tally["done"] + tally["failed"] == tally["total"] > 10
    after = dict(crawl.cases.filter(pk__in=before).values_list("pk", "observed_at"))
    assert after == before, "what was observed is not observed again"
    assert len(set(crawl.cases.filter(status="done").values_list("lease", flat=True))) >= 2, "shards share the cases"
    eventually(lambda: run_of(crawl).stage not in ("plan", "observe", "propose"))
    counted = run_of(crawl).pipeline
    assert counted["plan"]["pages"] == 5
    assert counted["observe"]["total"] == tally["total"]
    assert counted["propose"]["proposed"] == crawl.results.count() > 10
