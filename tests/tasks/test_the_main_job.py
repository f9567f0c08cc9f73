"""The whole way with real workers and a real browser: crawl, prove, approve, run, whatever is killed meanwhile."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from projects.models import Project, Test, Workspace
from runs import ledger
from runs.engine.plan import CrawlOptions, RunOptions
from runs.models import Attempt, Lease, Run, RunEvent
from tests.site.server import serve
from tests.tasks.conftest import Start

# For leases of killed workers; where none may be lost, a busy machine needs the usual ones.
SHORT = {"SENTRI_LEASE_SECONDS": "4", "SENTRI_RENEW_SECONDS": "1"}


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    with serve() as url:
        yield url


@pytest.fixture
def order(transactional_db: None, shop: str) -> ledger.RunRequest:
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    return ledger.RunRequest(Project.objects.create(workspace=workspace, name="Shop", url=f"{shop}/"), None, "Ada")


def over(run: Run) -> Callable[[], bool]:
    return lambda: Run.objects.get(pk=run.pk).is_over


def seen(run: Run, kind: str, count: int = 1) -> Callable[[], bool]:
    return lambda: RunEvent.objects.filter(run=run, type=kind).count() >= count


def gap_free(run: Run) -> bool:
    seqs = list(RunEvent.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))
    return seqs == list(range(1, len(seqs) + 1))


def kill_a_busy_worker(run: Run) -> None:
    lease = Lease.objects.filter(shard__run=run, state="open").order_by("opened_at")[0]
    os.kill(int(lease.worker.rpartition(":")[2]), signal.SIGKILL)


def approved(project: Project, count: int) -> list[Test]:
    """Tests of pages that everybody has seen."""
    paths = ["/", "/products", "/about", "/contact", "/cart", "/sign-in"]
    tests = []
    for number in range(count):
        title = f"Page {number} shows its main part"
        document = {
            "title": title,
            "kind": "ui",
            "start": paths[number % len(paths)],
            "steps": [
                {"do": "expect_visible", "target": {"role": "main"}},
                {"do": "expect_visible", "target": {"role": "heading"} | {"nth": 0}},
                {"do": "expect_no_console_errors"},
            ],
        }
        test = Test.write(project, None, title, document)
        test.decide("approve", None)
        tests.append(test)
    return tests


def test_a_crawl_ends_with_proved_tests_and_their_run_passes(
    order: ledger.RunRequest, start_workers: Start, eventually: Any
) -> None:
    start_workers()
    crawl = ledger.open_crawl(order, CrawlOptions(max_pages=5, test_count=6, shards=2))
    eventually(over(crawl), seconds=240)
    crawl.refresh_from_db()
    assert (crawl.status, crawl.error) == ("completed", "")
    assert crawl.pages.tally()["done"] == 5
    drafts = list(Test.objects.waiting())
    assert len(drafts) >= 4
    assert all(test.evidence["passed"] == 3 for test in drafts)
    for test in drafts:
        test.decide("approve", None)
    run = ledger.open_test_run(order, RunOptions(shards=2), drafts)
    eventually(over(run))
    run.refresh_from_db()
    assert (run.status, run.verdict) == ("completed", "passed")
    assert run.results.tally()["passed"] == len(drafts)
    assert gap_free(crawl)
    assert gap_free(run)


def test_R12_a_worker_killed_during_a_run_costs_no_test_its_result(
    order: ledger.RunRequest, start_workers: Start, eventually: Any
) -> None:
    start_workers(**SHORT)
    run = ledger.open_test_run(order, RunOptions(shards=2, hedge=False), approved(order.project, 16))
    eventually(seen(run, "result", 3))
    kill_a_busy_worker(run)
    eventually(over(run))
    run.refresh_from_db()
    assert (run.status, run.verdict) == ("completed", "passed")
    tally = run.results.tally()
    assert tally["passed"] + tally["flaky"] == tally["total"] == 16
    told = Counter(RunEvent.objects.filter(run=run, type="result").values_list("data__result", flat=True))
    assert (len(told), set(told.values())) == (16, {1})
    assert seen(run, "shard_lost")()
    assert RunEvent.objects.filter(run=run, type="done").count() == 1
    assert gap_free(run)


def test_a_worker_killed_during_a_crawl_loses_no_page_and_repeats_none(
    order: ledger.RunRequest, start_workers: Start, eventually: Any
) -> None:
    start_workers(**SHORT)
    crawl = ledger.open_crawl(order, CrawlOptions(max_pages=8, test_count=0, shards=2))
    eventually(seen(crawl, "page", 2))
    kill_a_busy_worker(crawl)
    eventually(over(crawl))
    crawl.refresh_from_db()
    assert crawl.status == "completed"
    assert crawl.pages.tally()["done"] + crawl.pages.tally()["failed"] == 8
    told = Counter(RunEvent.objects.filter(run=crawl, type="page").values_list("data__page", flat=True))
    assert set(told.values()) == {1}


def test_R20_an_abort_closes_what_runs_on_every_worker(
    order: ledger.RunRequest, start_workers: Start, eventually: Any
) -> None:
    start_workers()
    run = ledger.open_test_run(order, RunOptions(shards=2), approved(order.project, 60))
    eventually(seen(run, "result", 2))
    ledger.abort(run.pk, "Ada")
    attempts = Attempt.objects.filter(result__run=run).count()
    run.refresh_from_db()
    assert run.status == "aborted"
    assert run.results.tally()["running"] == 0
    follow_up = ledger.open_test_run(order, RunOptions(shards=2), approved(order.project, 2))
    eventually(over(follow_up))
    assert Attempt.objects.filter(result__run=run).count() == attempts
    assert RunEvent.objects.filter(run=run).order_by("-seq")[0].type == "done"


def test_R17_stopping_the_workers_gives_the_run_to_the_next_ones(
    order: ledger.RunRequest, start_workers: Start, eventually: Any
) -> None:
    workers = start_workers()
    run = ledger.open_test_run(order, RunOptions(shards=2), approved(order.project, 16))
    eventually(seen(run, "result", 2))
    assert workers.stop() == 0
    assert not Lease.objects.filter(shard__run=run, state="open").exists()
    start_workers()
    eventually(over(run))
    run.refresh_from_db()
    assert (run.status, run.verdict) == ("completed", "passed")
    assert not seen(run, "shard_lost")()


def test_a_site_that_nobody_serves_fails_the_crawl_and_says_so(
    order: ledger.RunRequest, start_workers: Start, eventually: Any
) -> None:
    start_workers()
    order.project.url = "http://127.0.0.1:9/"
    order.project.save()
    crawl = ledger.open_crawl(order, CrawlOptions())
    eventually(over(crawl))
    crawl.refresh_from_db()
    assert (crawl.status, crawl.error_category) == ("failed", "refused")
    assert "127.0.0.1:9" in crawl.error


def test_a_site_that_went_away_fails_the_run_and_says_so(
    order: ledger.RunRequest, start_workers: Start, eventually: Any
) -> None:
    start_workers()
    order.project.url = "http://127.0.0.1:9/"
    order.project.save()
    run = ledger.open_test_run(order, RunOptions(), approved(order.project, 3))
    eventually(over(run))
    run.refresh_from_db()
    assert (run.status, run.error_category) == ("failed", "refused")
    assert run.results.tally()["skipped"] == 3
