"""What the site could not answer is asked again, later, three times at most, and is never what the page is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from runs import ledger, states
from runs.engine.events import CaseObserved, PageFailed, PageSnapshot, PageVisited
from runs.models import Case, CrawlPage, Run
from tests.ledger.conftest import Hand, planned
from tests.ledger.test_crawling import link, next_page, visit

Open = Callable[..., Run]
SHAKEN = "GET /api/stock answered 500"


def fail(hand: Hand, work: Any, status: int | None = 500, category: str = "http_error", **more: Any) -> None:
    said = f"{work.url} answered {status}."
    ledger.record(hand.held, [PageFailed(work.page, category, said, status, **{"passing": True, **more})])


def show(hand: Hand, work: Any, *troubles: str) -> None:
    snapshot = PageSnapshot(url=work.url, path="/", status=200, template=f"t{work.page}")
    ledger.record(hand.held, [PageVisited(work.page, work.url, work.url, snapshot, (), None, troubles)])


def wait(run: Run) -> None:
    """Until whatever was put off is due."""
    for rows in (CrawlPage, Case):
        rows.objects.filter(run=run).exclude(not_before=None).update(not_before=timezone.now())


def row(run: Run, path: str) -> CrawlPage:
    return run.pages.get(url=f"http://shop.test{path}")


def logs(run: Run) -> list[str]:
    return [event.data["message"] for event in run.events.filter(type="log")]


def begun(run: Run, *paths: str) -> Hand:
    hand = Hand(run)
    visit(hand, next_page(hand), [link(path) for path in paths])
    return hand


def test_a_page_that_answered_500_once_is_visited_later_and_told_as_such(crawl: Open) -> None:
    run = crawl()
    hand = begun(run, "/books", "/hours")
    fail(hand, next_page(hand))
    assert row(run, "/books").status == states.PENDING
    work = next_page(hand)
    assert work.url.endswith("/hours")
    show(hand, work)
    assert ledger.claim_pages(hand.held, 50) == ledger.Claim((), True)
    wait(run)
    work = next_page(hand)
    assert work.url.endswith("/books")
    show(hand, work)
    found = row(run, "/books")
    assert (found.status, found.error, found.error_category, found.http_status) == (states.DONE, "", "", 200)
    assert [line for line in logs(run) if "worked when it was asked again: once it did not" in line]
    ended = run.events.get(type="crawl_ended").data
    assert (ended["pages"], ended["again"]) == (3, 1)


def test_a_page_is_asked_three_times_more_and_then_given_up(crawl: Open) -> None:
    run = crawl()
    hand = begun(run, "/books")
    for _ in range(3):
        fail(hand, next_page(hand))
        wait(run)
    fail(hand, next_page(hand))
    found = row(run, "/books")
    assert (found.status, found.http_status) == (states.FAILED, 500)
    assert found.error.endswith("answered 500. It was asked 4 times.")
    assert next_page(hand) is None


def test_each_time_one_waits_longer_and_as_long_as_the_site_asks(crawl: Open) -> None:
    run = crawl()
    hand = begun(run, "/books", "/busy")

    def waits_after(began: datetime, path: str, seconds: float) -> bool:
        again, pause = row(run, path).not_before, timedelta(seconds=seconds)
        return again is not None and began + pause <= again <= timezone.now() + pause

    for seconds in (1, 4, 12):
        began = timezone.now()
        fail(hand, next_page(hand))
        assert waits_after(began, "/books", seconds)
        wait(run)
    fail(hand, next_page(hand))
    began = timezone.now()
    fail(hand, next_page(hand), 429, wait=90.0)
    assert waits_after(began, "/busy", 90)


@pytest.mark.parametrize(("options", "asked"), [({"max_minutes": 1}, 60.0), ({}, 3_600.0)])
def test_who_asks_to_wait_longer_than_there_is_time_is_not_waited_for(
    crawl: Open, options: dict[str, Any], asked: float
) -> None:
    run = crawl(**options)
    hand = begun(run, "/busy")
    fail(hand, next_page(hand), 503, wait=asked)
    assert row(run, "/busy").status == states.FAILED


def test_what_will_not_pass_is_not_asked_again(crawl: Open) -> None:
    run = crawl()
    hand = begun(run, "/gone")
    fail(hand, next_page(hand), 404, passing=False)
    assert row(run, "/gone").status == states.FAILED


def test_a_site_that_nothing_answers_at_is_unreachable_at_once_and_one_that_answers_503_is_asked_again(
    crawl: Open,
) -> None:
    run = crawl()
    hand = Hand(run)
    fail(hand, next_page(hand), 503)
    run.refresh_from_db()
    assert run.status == states.RUNNING
    wait(run)
    fail(hand, next_page(hand), None, "refused")
    run.refresh_from_db()
    assert (run.status, run.error_category) == (states.FAILED, "refused")


def test_what_was_put_off_keeps_its_place_in_the_budget(crawl: Open) -> None:
    run = crawl(max_pages=2)
    hand = Hand(run)
    visit(hand, next_page(hand, 2), [link("/books"), link("/hours")])
    fail(hand, next_page(hand, 2))
    assert next_page(hand, 2) is None
    wait(run)
    assert next_page(hand, 2).url.endswith("/books")


def test_what_was_put_off_when_the_time_is_over_has_failed_and_says_why(crawl: Open) -> None:
    run = crawl(max_minutes=10)
    hand = begun(run, "/books")
    fail(hand, next_page(hand))
    Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(minutes=9))
    assert next_page(hand) is None
    found = row(run, "/books")
    assert (found.status, found.http_status) == (states.FAILED, 500)
    run.refresh_from_db()
    assert run.end_reason == "time_budget"


def test_a_page_whose_own_call_failed_is_looked_at_again_and_the_failure_is_no_part_of_it(crawl: Open) -> None:
    run = crawl()
    hand = begun(run, "/stock")
    show(hand, next_page(hand), SHAKEN)
    assert (row(run, "/stock").status, row(run, "/stock").snapshot) == (states.PENDING, None)
    wait(run)
    show(hand, next_page(hand))
    assert row(run, "/stock").status == states.DONE
    assert [line for line in logs(run) if SHAKEN in line]


def test_a_call_that_always_fails_is_what_the_site_is_and_delays_no_other_page(crawl: Open) -> None:
    run = crawl()
    hand = begun(run, "/stock", "/other")
    for _ in range(4):
        show(hand, next_page(hand), SHAKEN)
        wait(run)
    assert row(run, "/stock").status == states.DONE
    show(hand, next_page(hand), SHAKEN)
    assert (row(run, "/other").status, row(run, "/other").tries) == (states.DONE, 0)
    assert not [line for line in logs(run) if "worked when it was asked again" in line]


def test_refusals_for_too_many_requests_say_nothing_of_the_pages_of_a_shape(crawl: Open) -> None:
    run = crawl(same_template=1)
    hand = Hand(run)
    visit(hand, next_page(hand), [link(f"/p/{number}", group="/p/*") for number in range(3)], template="home")
    fail(hand, next_page(hand), 429, passing=False)
    assert run.pages.filter(status=states.PENDING).count() == 2


def test_a_case_that_met_a_500_is_tried_again_later(crawl: Open) -> None:
    run = crawl()
    hand = begun(run)
    planned(hand, 1)
    for troubles in ((SHAKEN,), ()):
        [work] = ledger.claim_cases(hand.held).works
        outcome = {"case": work.work, "problem": ""}
        ledger.record(hand.held, [CaseObserved(work.case, outcome, (), "", troubles)])
        found = Case.objects.get(run=run)
        assert found.status == (states.PENDING if troubles else states.DONE)
        assert (found.outcome is None) == bool(troubles)
        if troubles:
            assert ledger.claim_cases(hand.held) == ledger.Claim((), True)
        wait(run)
    run.refresh_from_db()
    assert run.stage == states.PROPOSE


def test_a_limit_of_pages_is_of_pages_that_were_visited(crawl: Open) -> None:
    run = crawl(max_pages=4)
    hand = Hand(run)
    visit(hand, next_page(hand, 4), [link(f"/{number}") for number in range(9)])
    for number in range(3):
        fail(hand, next_page(hand, 4), 404, passing=False)
        assert number == run.pages.filter(status=states.FAILED).count() - 1
    visited = 1
    while (work := next_page(hand, 4)) is not None:
        show(hand, work)
        visited += 1
    assert visited == run.pages.filter(status=states.DONE).count() == 4
    run.refresh_from_db()
    assert run.end_reason == "page_budget"


def test_a_site_on_which_everything_fails_is_not_asked_without_end(crawl: Open) -> None:
    run = crawl(max_pages=3)
    hand = Hand(run)
    visit(hand, next_page(hand, 3), [link(f"/{number}") for number in range(20)])
    failures = 0
    while (work := next_page(hand, 3)) is not None:
        fail(hand, work, 404, passing=False)
        failures += 1
    assert failures == 5
