"""What the pages of a crawl say: states with the action that leads there, what was changed, why it ended."""

import re

from runs import ledger
from runs.engine.events import Link, PageSnapshot, PageVisited, Wrote
from runs.models import Run
from tests.ledger.conftest import Hand, case
from tests.ledger.test_crawling import next_page, visit
from tests.web.conftest import World


def text(world: World, path: str) -> str:
    answer = world.client("viewer").get(path)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def explored(world: World) -> tuple[Run, Hand]:
    """A crawl that has seen its first page and one state."""
    run = world.crawl()
    hand = Hand(run)
    step = {"do": "click", "target": {"role": "button", "name": "Menu"}}
    url = "http://shop.test/"
    menu = Link(
        url=url, key="menu", group="menu", priority=1, depth=1, kind="action", path=(step,), action="Press “Menu”"
    )
    for template, links in (("a", (menu,)), ("b", ())):
        work = ledger.claim_pages(hand.held, 50).work
        assert work is not None
        snapshot = PageSnapshot(url=url, path="/", title="Shop", status=200, template=template)
        ledger.record(hand.held, [PageVisited(work.page, url, url, snapshot, links)])
    return run, hand


def test_a_state_is_shown_with_the_action_that_leads_to_it(world: World) -> None:
    run, _ = explored(world)
    assert "Press “Menu”" in text(world, world.at("/pages"))
    assert "Press “Menu”" in text(world, f"/runs/{run.public_id}")


def test_a_crawl_says_why_it_visits_no_more(world: World) -> None:
    run, _ = explored(world)
    shown = text(world, f"/runs/{run.public_id}")
    assert "Everything that was found was visited." in shown
    assert "Everything that was found was visited: 1 page and 1 state" in shown


def test_a_crawl_that_sent_nothing_says_so(world: World) -> None:
    assert "No request was sent that could have changed something." in text(world, f"/runs/{world.crawl().public_id}")


def test_what_a_crawl_changed_is_shown_by_pages_and_live(world: World) -> None:
    run, hand = explored(world)
    sent = [
        Wrote("POST", f"http://shop.test/notes/{number}", 302, False, f"Send note {number}") for number in range(31)
    ]
    ledger.record(hand.held, sent)
    first, second = text(world, f"/runs/{run.public_id}"), text(world, f"/runs/{run.public_id}?page=2")
    assert "Send note 30" in first
    assert "Send note 0 " not in first
    assert "Send note 0 " in second
    assert "Send note 30" in text(world, f"/runs/{run.public_id}/news?after=0")


def test_a_worker_shows_which_stage_it_carries_out_alone_and_what_it_tries(world: World) -> None:
    run = world.crawl()
    hand = Hand(run)
    visit(hand, next_page(hand))
    assert ledger.take_stage(hand.held, "plan")
    assert "● plan what to try" in text(world, f"/runs/{run.public_id}")
    ledger.keep_plan(hand.held, {"account": False}, [case(0)], {"cases": 1})
    [work] = ledger.claim_cases(hand.held).works
    shown = text(world, f"/runs/{run.public_id}")
    assert f"● {work.work['family']}: {work.work['start']}" in shown
    assert "● plan what to try" not in shown
