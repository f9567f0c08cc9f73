"""States as rows: budgets of their own, clusters that shards share, reasons to end, and what was written."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from runs import ledger, states
from runs.engine.events import Cleaned, Link, PageFailed, PageSnapshot, PageVisited, WithoutAccount, Wrote
from runs.models import Change, Run
from tests.ledger.conftest import Hand, story

Open = Callable[..., Run]
BASE = "http://shop.test/"


@pytest.fixture
def explore(crawl: Open) -> Open:
    return lambda **options: crawl(**{"mode": "states", "max_states": 10, **options})


def press(name: str, group: str = "", **more: Any) -> Link:
    step = {"do": "click", "target": {"role": "button", "name": name}}
    fields: dict[str, Any] = {"url": BASE, "key": f"{BASE}#{name}", "group": group or name, "priority": 200, "depth": 1}
    return Link(**{**fields, "kind": "action", "path": (step,), "action": f"Press “{name}”", **more})


def link(path: str) -> Link:
    url = f"{BASE}{path}"
    return Link(url=url, key=url, group=url, priority=10, depth=1)


def show(hand: Hand, work: Any, links: Sequence[Link] = (), template: str = "", url: str = "") -> None:
    """A visit that shows something new, unless it is told what."""
    final = url or work.url
    snapshot = PageSnapshot(url=final, path="/", status=200, template=template or f"template {work.page}")
    ledger.record(hand.held, [PageVisited(work.page, final, final, snapshot, tuple(links))])


def take(hand: Hand, most: int = 50) -> Any:
    return ledger.claim_pages(hand.held, most).work


def begun(run: Run, *links: Link, shards: int = 1) -> list[Hand]:
    """The run with its first page visited; these lead on from there."""
    hands = [Hand(run, index) for index in range(shards)]
    show(hands[0], take(hands[0]), links)
    return hands


def skipped(run: Run) -> dict[str, str]:
    return dict(run.pages.filter(status="skipped").values_list("action", "skip_reason"))


def test_an_action_is_a_row_that_any_shard_can_take_with_its_way(explore: Open) -> None:
    run = explore(shards=2)
    _, other = begun(run, press("Menu"), shards=2)
    work = take(other)
    assert (work.url, work.action) == (BASE, "Press “Menu”")
    assert work.path == ({"do": "click", "target": {"role": "button", "name": "Menu"}},)
    show(other, work)
    row = run.pages.get(kind="action")
    assert (row.status, row.url, row.found_on) == ("done", BASE, run.pages.get(kind="link"))


def test_two_actions_of_a_kind_are_tried_whoever_finds_them(explore: Open) -> None:
    run = explore(shards=2)
    first, second = begun(run, link("a"), link("b"), shards=2)
    one, two = take(first), take(second)
    show(first, one, [press("Add mug", "add"), press("Add pen", "add")])
    show(second, two, [press("Add lamp", "add"), press("Help")])
    assert skipped(run) == {"Press “Add lamp”": "near_duplicate"}
    assert run.pages.filter(kind="action", status="pending").count() == 3


def test_an_action_that_is_found_again_counts_once(explore: Open) -> None:
    run = explore()
    [hand] = begun(run, link("a"), press("Add mug", "add"))
    show(hand, take(hand), [press("Add mug", "add"), press("Add pen", "add")])
    assert skipped(run) == {}


def test_a_state_that_is_known_leads_nowhere_but_on_with_what_was_written(explore: Open) -> None:
    run = explore()
    [hand] = begun(run, press("Add"))
    home = run.pages.get(kind="link")
    carried = press("Cart 1 item", key="cart", carried=True)
    show(hand, take(hand), [press("Help"), carried], template=home.template)
    row = run.pages.get(action="Press “Add”")
    assert (row.same_as, row.state) == (home, home.state)
    assert take(hand).action == "Press “Cart 1 item”"
    assert not run.pages.filter(action="Press “Help”").exists()


def test_states_have_a_budget_of_their_own(explore: Open) -> None:
    run = explore(max_states=1)
    [hand] = begun(run, press("One"), press("Two"), link("late"))
    for _ in range(2):
        show(hand, take(hand))
    assert take(hand) is None
    run.refresh_from_db()
    assert run.end_reason == "state_budget"
    assert run.events.get(type="crawl_ended").data == {"reason": "state_budget", "pages": 2, "states": 1, "left": 1}
    assert run.stage == states.PLAN


def test_pages_go_on_where_only_states_are_used_up_and_the_other_way_round(explore: Open) -> None:
    run = explore(max_pages=1)
    [hand] = begun(run, press("One"), link("never"))
    assert take(hand, 1).action == "Press “One”"
    assert take(hand, 1) is None


def test_no_more_than_the_budget_is_handed_out_at_once(explore: Open) -> None:
    run = explore(max_states=1, shards=2)
    first, second = begun(run, press("One"), press("Two"), shards=2)
    assert len(ledger.claim_pages(first.held, 50, 5).works) == 1
    waiting = ledger.claim_pages(second.held, 50, 5)
    assert (waiting.works, waiting.more) == ((), True)


def test_a_crawl_ends_when_its_time_is_over(explore: Open) -> None:
    run = explore(max_minutes=2)
    [hand] = begun(run, link("a"), link("b"))
    work = take(hand)
    Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(minutes=3))
    assert ledger.claim_pages(hand.held, 50).more
    show(hand, work)
    assert take(hand) is None
    run.refresh_from_db()
    assert (run.end_reason, run.stage) == ("time_budget", states.PLAN)


def test_a_crawl_that_saw_everything_says_so_before_it_goes_on(explore: Open) -> None:
    run = explore()
    begun(run)
    run.refresh_from_db()
    assert run.end_reason == "all_visited"
    assert story(run)[-2:] == ["crawl_ended", "stage"]


def test_an_aborted_crawl_has_a_reason_too(explore: Open) -> None:
    run = explore()
    begun(run, link("a"))
    ledger.abort(run.pk, "Ada")
    run.refresh_from_db()
    assert run.end_reason == "aborted"
    assert story(run).count("crawl_ended") == 1


def test_a_crawl_that_is_aborted_later_keeps_the_reason_of_its_frontier(explore: Open) -> None:
    run = explore()
    begun(run)
    ledger.abort(run.pk, "Ada")
    run.refresh_from_db()
    assert run.end_reason == "all_visited"


@pytest.mark.parametrize(("category", "reason"), [("challenge", "challenge"), ("refused", "unreachable")])
def test_a_crawl_that_gets_nowhere_says_what_stood_before_it(explore: Open, category: str, reason: str) -> None:
    run = explore()
    hand = Hand(run)
    ledger.record(hand.held, [PageFailed(take(hand).page, category, "shop.test shows a test for robots.")])
    run.refresh_from_db()
    assert (run.status, run.error_category, run.end_reason) == ("failed", category, reason)


def test_a_challenge_is_told_once(explore: Open) -> None:
    run = explore()
    [hand] = begun(run, link("a"), link("b"), link("c"))
    for _ in range(3):
        ledger.record(hand.held, [PageFailed(take(hand).page, "challenge", "shop.test shows a test for robots.")])
    assert run.events.filter(type="log").count() == 1
    assert run.pages.filter(error_category="challenge", status="failed").count() == 3


def test_a_state_that_cannot_be_reached_again_is_not_used(explore: Open) -> None:
    run = explore()
    [hand] = begun(run, press("Open"))
    two = (*press("Open").path, *press("Save").path)
    deeper = [press("Save", path=two, depth=2), press("Help", path=two, depth=2)]
    show(hand, take(hand), deeper)
    ledger.record(hand.held, [PageFailed(take(hand).page, "unstable", "“Open” failed.", step=0)])
    found = {row.action: (row.status, row.error_category or row.skip_reason) for row in run.pages.exclude(path=[])}
    assert found == {
        "Press “Open”": ("failed", "unstable"),
        "Press “Save”": ("failed", "unstable"),
        "Press “Help”": ("skipped", "unstable"),
    }


def test_a_last_step_that_fails_says_nothing_about_where_it_began(explore: Open) -> None:
    run = explore()
    [hand] = begun(run, press("Open"))
    show(hand, take(hand), [press("Save", path=(*press("Open").path, *press("Save").path), depth=2)])
    ledger.record(hand.held, [PageFailed(take(hand).page, "unstable", "“Save” failed.", step=1)])
    assert run.pages.get(action="Press “Open”").status == "done"


def test_a_killed_lease_leaves_its_states_to_another(explore: Open) -> None:
    run = explore(shards=2)
    dead, alive = begun(run, press("One"), press("Two"), shards=2)
    late = take(dead)
    ledger.give_back(dead.held)
    actions = [take(alive).action, take(alive).action]
    assert sorted(actions) == ["Press “One”", "Press “Two”"]
    with pytest.raises(ledger.StaleLease):
        show(dead, late)


def wrote(page: int | None, **more: Any) -> Wrote:
    fields: dict[str, Any] = {"method": "POST", "url": f"{BASE}notes", "status": 302, "held_back": False}
    return Wrote(**{**fields, "because": "Fill and send “Note”", "page": page, **more})


def test_requests_that_could_have_changed_something_are_kept_with_their_cause(explore: Open) -> None:
    run = explore()
    hand = Hand(run)
    work = take(hand)
    ledger.record(hand.held, [wrote(work.page), wrote(work.page, status=None, held_back=True), wrote(None)])
    sent, held_back, loose = Change.objects.filter(run=run)
    assert (sent.page_id, sent.method, sent.status, sent.because) == (work.page, "POST", 302, "Fill and send “Note”")
    assert (held_back.status, held_back.held_back) == (None, True)
    assert loose.page is None


def test_what_was_removed_again_is_marked(explore: Open) -> None:
    run = explore()
    hand = Hand(run)
    page = take(hand).page
    cleaning = wrote(page, url=f"{BASE}notes/1/delete", because="Remove again what came of it")
    ledger.record(
        hand.held, [wrote(page), wrote(page, held_back=True), cleaning, Cleaned(page, "Fill and send “Note”")]
    )
    assert list(Change.objects.filter(run=run).values_list("cleaned", flat=True)) == [True, False, False]


def test_a_lease_that_is_lost_records_no_change(explore: Open) -> None:
    run = explore()
    hand = Hand(run)
    page = take(hand).page
    ledger.give_back(hand.held)
    with pytest.raises(ledger.StaleLease):
        ledger.record(hand.held, [wrote(page)])
    assert not Change.objects.exists()


def test_a_worker_that_goes_on_without_the_account_is_noted_with_the_crawl(crawl: Open) -> None:
    run = crawl()
    ledger.record(Hand(run, 0).held, [WithoutAccount()])
    run.refresh_from_db()
    assert run.without_account
