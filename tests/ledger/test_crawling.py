from collections.abc import Callable, Sequence
from typing import Any

import pytest

from runs import gates, ledger, reading, states
from runs.engine.crawl.address_shapes import Shapes
from runs.engine.events import Link, PageFailed, PageSnapshot, PageVisited, Proposal, Seeds
from runs.models import Run
from tests.ledger.conftest import Hand, planned, story

Open = Callable[..., Run]


def link(path: str, group: str = "", priority: int = 10, depth: int = 1) -> Link:
    url = f"http://shop.test{path}"
    return Link(url=url, key=url, group=group or url, priority=priority, depth=depth)


def visit(hand: Hand, work: Any, links: Sequence[Link] = (), template: str = "t", final: str | None = None) -> None:
    url = final or work.url
    snapshot = PageSnapshot(url=url, path="/", title="A page", status=200, template=template)
    ledger.record(hand.held, [PageVisited(work.page, url, url, snapshot, tuple(links))])


def next_page(hand: Hand, most: int = 50) -> Any:
    return ledger.claim_pages(hand.held, most).work


def proposal(number: int) -> Proposal:
    return Proposal(
        title=f"Page {number} shows its heading",
        family="page",
        document={"title": "x", "kind": "ui", "start": "/", "steps": []},
        template="t",
        page_url="http://shop.test/",
        signature=f"{number:064d}",
        why="seen on 1 page",
    )


def test_links_join_the_frontier_once_and_are_visited_by_priority(crawl: Open) -> None:
    run = crawl()
    hand = Hand(run)
    visit(hand, next_page(hand), [link("/late", priority=90), link("/soon", priority=1), link("/late", priority=1)])
    assert next_page(hand).url.endswith("/soon")
    assert next_page(hand).url.endswith("/late")
    assert run.pages.count() == 3


@pytest.mark.parametrize("path", ["/?a%00b=1", "/#/x\0y"])
def test_an_address_that_means_a_nul_is_visited_like_any_other(crawl: Open, path: str) -> None:
    run = crawl()
    hand = Hand(run)
    visit(hand, next_page(hand), [link(path, group=Shapes().group(path))])
    work = next_page(hand)
    visit(hand, work, [link(path, group=Shapes().group(path))], final=f"http://shop.test{path}")
    assert list(run.pages.values_list("status", flat=True)) == ["done", "done"]


def test_seeds_from_the_sitemap_join_the_frontier(crawl: Open) -> None:
    run = crawl()
    hand = Hand(run)
    ledger.record(hand.held, [Seeds((link("/gift-cards"),))])
    assert run.pages.filter(url__endswith="/gift-cards", status="pending").exists()


def test_addresses_deeper_than_the_limit_are_left_out(crawl: Open) -> None:
    run = crawl(max_depth=2)
    hand = Hand(run)
    visit(hand, next_page(hand), [link("/two", depth=2), link("/three", depth=3)])
    assert sorted(run.pages.values_list("depth", flat=True)) == [0, 2]


def test_pages_of_one_shape_that_look_the_same_are_not_all_visited(crawl: Open) -> None:
    run = crawl(same_template=2)
    hand = Hand(run)
    visit(hand, next_page(hand), [link(f"/p/{n}", group="/p/*") for n in range(10)], template="home")
    visit(hand, next_page(hand), template="product")
    visit(hand, next_page(hand), [link("/p/99", group="/p/*")], template="product")
    tally = run.pages.tally()
    assert (tally["done"], tally["pending"], tally["skipped"]) == (3, 0, 9)
    assert set(run.pages.filter(status="skipped").values_list("skip_reason", flat=True)) == {"near_duplicate"}


def test_pages_of_one_shape_that_are_all_not_there_are_not_all_asked_for(crawl: Open) -> None:
    run = crawl(same_template=2)
    hand = Hand(run)
    visit(hand, next_page(hand), [link(f"/gone/{n}", group="/gone/*") for n in range(10)], template="home")
    for _ in range(2):
        page = next_page(hand)
        ledger.record(hand.held, [PageFailed(page.page, "http_error", f"{page.url} answered 404.", 404)])
    assert run.pages.filter(status="skipped", skip_reason="near_duplicate").count() == 8


def test_pages_of_one_shape_that_look_different_go_on_being_visited(crawl: Open) -> None:
    run = crawl(same_template=2)
    hand = Hand(run)
    visit(hand, next_page(hand), [link(f"/p/{n}", group="/p/*") for n in range(5)])
    visit(hand, next_page(hand), template="a")
    visit(hand, next_page(hand), template="b")
    assert run.pages.tally()["pending"] == 3


def test_an_address_that_leads_to_a_known_page_is_a_duplicate_whose_links_count(crawl: Open) -> None:
    run = crawl()
    hand = Hand(run)
    visit(hand, next_page(hand), [link("/old"), link("/new")])
    visit(hand, next_page(hand), [link("/seen-there")], final="http://shop.test/new")
    assert run.pages.get(skip_reason="duplicate").status == "skipped"
    assert run.pages.filter(url__endswith="/seen-there", status="pending").exists()


def test_the_page_budget_holds_and_the_rest_is_told(crawl: Open) -> None:
    run = crawl(max_pages=2)
    hand = Hand(run)
    visit(hand, next_page(hand, 2), [link(f"/{n}") for n in range(5)])
    visit(hand, next_page(hand, 2))
    assert next_page(hand, 2) is None
    run.refresh_from_db()
    assert run.stage == states.PLAN
    assert run.pages.tally()["skipped"] == 4
    assert run.end_reason == "page_budget"
    assert run.events.get(type="crawl_ended").data == {"reason": "page_budget", "pages": 2, "states": 0, "left": 4}


@pytest.mark.parametrize(("found", "reason"), [(119, "all_visited"), (120, "page_budget")])
def test_a_crawl_that_found_more_than_its_frontier_holds_does_not_say_that_all_is_visited(
    crawl: Open, found: int, reason: str
) -> None:
    run = crawl(max_pages=3, same_template=1)
    hand = Hand(run)
    products = [link(f"/p/{number}", group="/p/*") for number in range(found)]
    visit(hand, next_page(hand, 3), products)
    visit(hand, next_page(hand, 3), products[:5])
    run.refresh_from_db()
    assert (run.stage, run.end_reason, run.pages.count()) == (states.PLAN, reason, 120)


def test_a_page_that_turns_out_to_be_none_of_its_own_leaves_its_place_to_another(crawl: Open) -> None:
    run = crawl(max_pages=2, shards=2)
    first, second = Hand(run, 0), Hand(run, 1)
    visit(first, next_page(first, 2), [link("/old"), link("/other")])
    work = next_page(first, 2)
    waiting = ledger.claim_pages(second.held, 2)
    assert (waiting.works, waiting.more) == ((), True)
    visit(first, work, final="http://shop.test/")
    assert next_page(second, 2).url.endswith("/other")


@pytest.mark.parametrize("category", ["dns", "refused", "tls", "timeout", "http_error"])
def test_a_site_that_cannot_be_reached_fails_the_crawl_with_its_category(crawl: Open, category: str) -> None:
    run = crawl()
    hand = Hand(run)
    ledger.record(hand.held, [PageFailed(next_page(hand).page, category, "shop.test cannot be reached.")])
    run.refresh_from_db()
    assert (run.status, run.error_category, run.error) == ("failed", category, "shop.test cannot be reached.")
    assert story(run)[-1] == "done"


def test_one_broken_page_does_not_fail_the_crawl(crawl: Open) -> None:
    run = crawl()
    hand = Hand(run)
    visit(hand, next_page(hand), [link("/broken")])
    ledger.record(hand.held, [PageFailed(next_page(hand).page, "http_error", "It answers 500.", 500)])
    run.refresh_from_db()
    assert (run.status, run.stage) == ("running", states.PLAN)


def test_a_killed_crawl_resumes_where_it_stopped(crawl: Open) -> None:
    run = crawl()
    dead = Hand(run)
    visit(dead, next_page(dead), [link("/a"), link("/b")])
    next_page(dead)
    ledger.give_back(dead.held)
    alive = Hand(run)
    urls = {next_page(alive).url, next_page(alive).url}
    assert urls == {"http://shop.test/a", "http://shop.test/b"}
    assert run.pages.tally()["done"] == 1


def proposing(run: Run, count: int) -> Hand:
    hand = Hand(run)
    visit(hand, next_page(hand))
    planned(hand)
    assert ledger.take_stage(hand.held, "propose")
    ledger.keep_proposals(hand.held, [proposal(number) for number in range(count)])
    return hand


def keep(hand: Hand) -> None:
    assert ledger.take_stage(hand.held, "score")
    ledger.keep_tests(hand.held)


def test_only_one_lease_proposes_and_a_late_one_writes_nothing(crawl: Open) -> None:
    run = crawl(shards=2)
    first, second = Hand(run, 0), Hand(run, 1)
    visit(first, next_page(first))
    planned(first)
    assert ledger.take_stage(first.held, "propose")
    assert not ledger.take_stage(second.held, "propose")
    ledger.give_back(first.held)
    assert ledger.take_stage(second.held, "propose")
    ledger.keep_proposals(second.held, [proposal(1)])
    with pytest.raises(ledger.StaleLease):
        ledger.keep_proposals(first.held, [proposal(2)])
    assert run.results.count() == 1


def test_proofs_keep_the_pace_that_the_crawl_was_given(crawl: Open) -> None:
    assert reading.proof_plan(crawl(requests_per_second=0.5)).requests_per_second == 0.5


def test_a_crawl_that_proves_nothing_is_empty(crawl: Open) -> None:
    run = crawl()
    hand = proposing(run, 0)
    run.refresh_from_db()
    assert run.stage == states.SCORE
    keep(hand)
    run.refresh_from_db()
    assert run.status == states.JUDGING
    ledger.close(run.pk, gates.judge(reading.report(run)))
    run.refresh_from_db()
    assert run.verdict == "empty"
