from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runs import ledger
from runs.engine.crawl.fingerprint import fold, template
from runs.engine.events import Link, PageSnapshot, PageVisited
from runs.engine.identity import Face, signature
from runs.engine.plan import PageWork
from runs.models import CrawlPage, Run, StateBand
from tests.ledger.conftest import Hand

Open = Callable[..., Run]

MAIN: dict[str, Any] = {
    "main": {
        "heading1": {},
        "list": {"listitem": {"link": {}, "heading3": {}, "img": {}}},
        "table": {"row": {"cell": {}}},
    }
}
BANNER: dict[str, Any] = {"region": {}}
SIGN_IN: dict[str, Any] = {"main": {"form": {"textbox:email:email": {}, "textbox:password:password": {}, "button": {}}}}
DIALOG: dict[str, Any] = {"dialog": {"form": {"textbox:text:name": {}, "button": {}}}}


def link(path: str) -> Link:
    url = f"http://shop.test{path}"
    return Link(url=url, key=url, group=url, priority=10, depth=1)


def show(hand: Hand, work: PageWork, tree: dict[str, Any], *links: Link, **face: Any) -> CrawlPage:
    folded = fold(tree)
    shown = signature(template(folded), folded, Face(**face))
    snapshot = PageSnapshot(url=work.url, path="/", title="A page", status=200, template=shown.template)
    seen = shown.model_dump(mode="json")
    key = work.url if work.path else CrawlPage.objects.get(pk=work.page).key
    ledger.record(hand.held, [PageVisited(work.page, work.url, key, snapshot, links, seen)])
    return CrawlPage.objects.get(pk=work.page)


def next_page(hand: Hand) -> PageWork:
    work = ledger.claim_pages(hand.held, 50).work
    assert work is not None
    return work


def behind_steps(run: Run, number: int, role: str = "") -> None:
    """A state in the frontier: the start page, with a step."""
    CrawlPage.objects.create(
        run=run,
        key=f"state {number}",
        digest=f"{number}",
        url="http://shop.test/",
        kind="action",
        role=role,
        path=[{"do": "click", "target": {"css": f"#{number}"}}],
    )


def test_pages_of_one_route_that_differ_by_a_banner_have_one_template(crawl: Open) -> None:
    run = crawl()
    hand = Hand(run)
    show(hand, next_page(hand), SIGN_IN, link("/p/1"), link("/p/2"), link("/p/3"), place="/")
    first, second, third = (
        show(hand, next_page(hand), tree, place="/p/*") for tree in (MAIN, {**MAIN, **BANNER}, {**MAIN, **BANNER})
    )
    assert first.template == second.template == third.template
    assert first.distance is not None
    assert second.distance is not None
    assert first.distance > 0.5 > second.distance > 0
    assert third.distance == 0
    assert second.same_as is None


def test_pages_of_other_routes_keep_templates_of_their_own(crawl: Open) -> None:
    run = crawl()
    hand = Hand(run)
    show(hand, next_page(hand), SIGN_IN, link("/a"), link("/b"), place="/")
    one = show(hand, next_page(hand), MAIN, place="/a")
    other = show(hand, next_page(hand), {"main": {"form": {"textbox:text:q": {}}}}, place="/b")
    assert len({one.template, other.template, run.pages.get(key="http://shop.test/").template}) == 3


def test_two_shards_give_one_template(crawl: Open) -> None:
    run = crawl(shards=2)
    one, other = Hand(run, 0), Hand(run, 1, "here:2")
    show(one, next_page(one), SIGN_IN, link("/p/1"), link("/p/2"), place="/")
    here, there = next_page(one), next_page(other)
    first = show(other, there, MAIN, place="/p/*")
    second = show(one, here, {**MAIN, **BANNER}, place="/p/*")
    assert first.template == second.template


def test_what_is_merged_is_still_visited_for_what_it_may_have_of_its_own(crawl: Open) -> None:
    run = crawl(same_template=2)
    hand = Hand(run)
    links = [link(f"/p/{number}").model_copy(update={"group": "/p/*"}) for number in range(5)]
    show(hand, next_page(hand), SIGN_IN, *links, place="/")
    for tree in (MAIN, {**MAIN, **BANNER}):
        show(hand, next_page(hand), tree, place="/p/*")
    assert run.pages.tally()["pending"] == 3
    show(hand, next_page(hand), {**MAIN, **BANNER}, place="/p/*")
    assert run.pages.tally()["pending"] == 2


@pytest.mark.parametrize(("tree", "same"), [(MAIN, True), ({**MAIN, **BANNER}, True), ({**MAIN, **DIALOG}, False)])
def test_a_state_is_the_same_when_it_says_and_offers_nothing_new(crawl: Open, tree: dict[str, Any], same: bool) -> None:
    run = crawl()
    hand = Hand(run)
    page = show(hand, next_page(hand), MAIN, place="/", heading="Home")
    behind_steps(run, 1)
    state = show(hand, next_page(hand), tree, place="/", heading="Home")
    assert (state.same_as == page) is same
    assert (state.state == page.state) is same


def test_a_state_that_says_something_new_is_another(crawl: Open) -> None:
    run = crawl()
    hand = Hand(run)
    page = show(hand, next_page(hand), MAIN, place="/", heading="Home")
    behind_steps(run, 1)
    behind_steps(run, 2)
    told = show(hand, next_page(hand), MAIN, place="/", heading="Home", told=("Added to your cart",))
    again = show(hand, next_page(hand), MAIN, place="/", heading="Home", told=("Added to your cart",))
    assert told.same_as is None
    assert told.template == page.template
    assert again.same_as == told


def test_shards_that_learnt_other_routes_know_a_state_for_the_same(crawl: Open) -> None:
    run = crawl(shards=2)
    one, other = Hand(run, 0), Hand(run, 1, "here:2")
    show(one, next_page(one), MAIN, place="/things/*", heading="Mug")
    behind_steps(run, 1)
    behind_steps(run, 2)
    here, there = next_page(one), next_page(other)
    first = show(one, here, MAIN, place="/things/*", heading="Mug", told=("Added to your cart",))
    second = show(other, there, MAIN, place="/things/mug", heading="Mug", told=("Added to your cart",))
    assert second.same_as == first


def test_what_another_role_sees_is_not_the_same(crawl: Open) -> None:
    run = crawl()
    hand = Hand(run)
    show(hand, next_page(hand), MAIN, place="/", heading="Home")
    behind_steps(run, 1, role="editor")
    assert show(hand, next_page(hand), MAIN, place="/", heading="Home").same_as is None


def test_a_state_does_not_lend_its_template_to_pages(crawl: Open) -> None:
    run = crawl()
    hand = Hand(run)
    show(hand, next_page(hand), SIGN_IN, link("/p/1"), place="/")
    behind_steps(run, 1)
    run.pages.filter(key="state 1").update(priority=-5)
    state = show(hand, next_page(hand), {**MAIN, **DIALOG}, place="/p/*")
    page = show(hand, next_page(hand), MAIN, place="/p/*")
    assert state.template != page.template


def test_only_a_new_structure_is_noted(crawl: Open) -> None:
    run = crawl()
    hand = Hand(run)
    show(hand, next_page(hand), MAIN, link("/p/1"), place="/")
    noted = StateBand.objects.filter(run=run).count()
    show(hand, next_page(hand), MAIN, place="/p/*")
    assert StateBand.objects.filter(run=run).count() == noted
