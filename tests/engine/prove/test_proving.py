"""Proofs in a real browser, on small pages with planted behaviours."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.events import Event, Failure, Log, Wrote
from runs.engine.plan import ProofPlan
from runs.engine.prove.mutations import MUTATIONS
from runs.engine.prove.proving import Proving
from runs.engine.prove.trial_replay import TrialReplay
from tests.engine.pages import Answer, Asked, Pages, pages
from tests.engine.prove.proofs import click, plan_of, proofs, proposal, proved, replays, says, see, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOME = """<!doctype html><title>Shop</title><header><nav><a href="/mugs">Mugs</a></nav></header>
<main><h1>Shop</h1><button id=add>Add</button><button id=idle>Idle</button><p role=status></p></main>
<script>add.onclick = () => document.querySelector('[role=status]').textContent = 'Added to your cart'</script>"""
MUGS = "<!doctype html><title>Mugs</title><main><h1>Mugs</h1><ul><li>Blue mug<li>Red mug</ul></main>"
STOCK = """<!doctype html><main><h1>Stock</h1><ul></ul></main><script src="/stock.js"></script>"""
STOCK_JS = """fetch('/api/stock').then(r => r.json()).then(rows => rows.forEach(row => {
  document.querySelector('ul').append(Object.assign(document.createElement('li'), {textContent: row.name})); }))"""
FORM = """<!doctype html><main><h1>Write to us</h1><form method=post action=/send><label>Name <input name=name></label>
<button>Send</button></form></main>"""
GREETING = """<!doctype html><main><h1>Greeting</h1><button id=hi>Hi</button><p id=said></p></main>
<script>hi.onclick = () => said.textContent = document.cookie || 'Good day to everybody here'</script>"""


def basket(asked: Asked) -> Answer:
    """Set-Cookie is what carries the change out."""
    held = "<p role=status>One mug is held</p>" if "held=1" in asked.headers.get("cookie", "") else ""
    return Answer(
        f"<!doctype html><main><h1>Basket</h1><form method=post action=/hold><button>Hold</button></form>{held}"
    )


def sent(asked: Asked) -> Answer:
    return Answer("", 303, {"Location": "/thanks"})


@pytest.fixture(scope="module")
def site() -> Iterator[Pages]:
    api = Answer('[{"name": "Blue mug", "left": 3}, {"name": "Red mug", "left": 1}]', type="application/json")
    answers = {
        "/": HOME,
        "/mugs": MUGS,
        "/stock": STOCK,
        "/stock.js": Answer(STOCK_JS, type="text/javascript"),
        "/api/stock": api,
        "/form": FORM,
        "/send": sent,
        "/thanks": "<!doctype html><main><h1>Thank you</h1><p role=status>Your words are on their way</p></main>",
        "/greeting": GREETING,
        "/basket": basket,
        "/hold": Answer("", 303, {"Location": "/basket", "Set-Cookie": "held=1; Path=/"}),
    }
    with pages(answers) as site:  # type: ignore[arg-type]
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


def wrote(events: list[Event]) -> list[Wrote]:
    return [event for event in events if isinstance(event, Wrote)]


@pytest.fixture
def plan(site: Pages, tmp_path: Path) -> ProofPlan:
    return plan_of(site, tmp_path)


async def test_a_test_that_checks_is_kept_with_its_evidence(browser: Browser, plan: ProofPlan, tmp_path: Path) -> None:
    events = await proved(browser, plan, proposal(click("Add"), says("status", "Added to your cart")))
    end = proofs(events)[1]
    assert (end.outcome, end.failure) == ("passed", None)
    proof = end.proof
    assert (proof["replays"], proof["passed"]) == (2, 2)
    assert proof["noticed"] >= 0.8 * proof["effective"] > 3
    assert told(proof, "swallowed_click") == [True]
    assert told(proof, "removed_message") == [True]
    assert all(one["by"] for one in proof["breakages"] if one["noticed"])
    assert proof["checks"] == ['Expect the status to contain "Added to your cart"']
    made = replays(events)
    assert [ended.passed for ended in made] == [True, True]
    assert [file.kind for file in made[-1].artifacts] == ["before", "screenshot"]
    assert all((tmp_path / file.path).stat().st_size == file.size for file in made[-1].artifacts)
    assert end.attempts == 2


async def test_a_test_that_asserts_nothing_and_does_nothing_is_rejected(browser: Browser, plan: ProofPlan) -> None:
    end = proofs(await proved(browser, plan, proposal(click("Idle"))))[1]
    assert end.outcome == "failed"
    assert end.failure is not None
    assert "expects nothing" in end.failure.message


async def test_a_test_that_asserts_nothing_is_given_what_its_action_was_seen_to_do(
    browser: Browser, plan: ProofPlan
) -> None:
    end = proofs(await proved(browser, plan, proposal(click("Add"))))[1]
    assert end.outcome == "passed"
    assert end.proof["added"] == ['Expect the status to contain "Added to your cart"']
    assert end.document["steps"][-1] == says("status", "Added to your cart")


async def test_a_test_that_fails_once_it_expects_more_is_rejected_with_what_it_noticed_itself(
    browser: Browser, plan: ProofPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    untold = Proving._untold

    async def gone(proving: Proving, start: Any, **how: Any) -> Any:
        replay, ended, story = await untold(proving, start, **how)
        failure = Failure(kind="not_found", message="There is no button “Add”", step=0)
        return replay, ended if start is TrialReplay else replace(ended, passed=False, failure=failure), story

    monkeypatch.setattr(Proving, "_untold", gone)
    end = proofs(await proved(browser, plan, proposal(click("Add"))))[1]
    assert end.failure is not None
    assert (end.outcome, end.failure.message) == ("failed", "There is no button “Add”")
    assert end.document["steps"] == [click("Add")]
    assert {one["by"] for one in end.proof["breakages"]} <= {"", 'Click the button "Add"', "Open /"}


async def test_what_breaks_us_on_one_proposal_rejects_that_one_alone(
    browser: Browser, plan: ProofPlan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    revise = Proving._revise

    async def broken(proving: Proving, found: Mapping[int, dict[str, Any]]) -> None:
        if proving.work.result == 1:
            raise IndexError("of our own making")
        await revise(proving, found)

    monkeypatch.setattr(Proving, "_revise", broken)
    works = [proposal(click("Add"), says("status", "Added to your cart"), result=number) for number in (1, 2)]
    ends = proofs(await proved(browser, plan, *works))
    assert {number: end.outcome for number, end in ends.items()} == {1: "failed", 2: "passed"}
    assert ends[1].failure is not None
    assert ends[1].failure.message == "Sentri broke here: IndexError: of our own making"
    assert ends[1].attempts == 1, "its replay is on record"
    assert "the proof of result 1 broke" in caplog.text


async def test_an_expectation_that_never_notices_anything_is_dropped_when_others_remain(
    browser: Browser, plan: ProofPlan
) -> None:
    steps = (click("Add"), {"do": "expect_url", "path": "/"}, says("status", "Added to your cart"))
    end = proofs(await proved(browser, plan, proposal(*steps)))[1]
    assert [one["step"] for one in end.proof["dropped"]] == ["Expect the address to be /"]
    assert "noticed none" in end.proof["dropped"][0]["because"]
    assert [step["do"] for step in end.document["steps"]] == ["click", "expect_text"]


async def test_an_expectation_that_does_not_hold_is_dropped_with_the_reason(browser: Browser, plan: ProofPlan) -> None:
    end = proofs(await proved(browser, plan, proposal(see("Shop"), see("Cart"))))[1]
    assert end.outcome == "passed"
    (dropped,) = end.proof["dropped"]
    assert dropped["step"] == 'Expect to see heading "Cart"'
    assert "no such element" in dropped["because"]


async def test_a_test_of_which_only_an_address_is_left_is_rejected(browser: Browser, plan: ProofPlan) -> None:
    work = proposal(click("Idle"), see("Cart"), {"do": "expect_url", "path": "/"})
    for most in (0, 6):
        end = proofs(await proved(browser, plan.model_copy(update={"max_breakages": most}), work))[1]
        assert (end.proof["noticed"] > 0) is (most > 0)
        assert end.outcome == "failed"
        assert end.failure is not None
        assert "nothing that a person would see" in end.failure.message


async def test_a_step_that_changes_nothing_is_pruned(browser: Browser, plan: ProofPlan) -> None:
    steps = (click("Idle"), click("Add"), says("status", "Added to your cart"))
    end = proofs(await proved(browser, plan, proposal(*steps)))[1]
    assert end.outcome == "passed"
    assert end.proof["pruned"] == ['Click the button "Idle"']
    assert [step["do"] for step in end.document["steps"]] == ["click", "expect_text"]


async def test_what_fails_in_a_clean_replay_is_rejected_with_the_reason(browser: Browser, tmp_path: Path) -> None:
    def sometimes(asked: Asked) -> str:
        return "<h1>Shop</h1>" if len(shop.paths()) != 2 else "<h1>Sorry</h1>"

    with pages({"/": sometimes}) as shop:
        events = await proved(browser, plan_of(shop, tmp_path), proposal(see("Shop")))
    end = proofs(events)[1]
    assert (end.outcome, end.proof["passed"]) == ("failed", 0)
    assert end.failure is not None
    assert 'headings there: "Sorry"' in end.failure.message
    assert [[file.kind for file in ended.artifacts] for ended in replays(events)] == [["screenshot"]]


async def test_a_500_of_the_site_is_neither_the_tests_nor_a_mutations(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.engine.prove.replaying.WAITS", (0.0, 0.0, 0.0))

    def flaky(asked: Asked) -> str | Answer:
        return (
            Answer("<h1>Something went wrong</h1>", 500) if len(shop.paths()) % 3 == 1 else "<h1>Shop</h1><p>Open</p>"
        )

    with pages({"/": flaky, "/favicon.ico": Answer("", 204)}) as shop:
        events = await proved(browser, plan_of(shop, tmp_path), proposal(see("Shop")))
    end = proofs(events)[1]
    assert (end.outcome, end.proof["passed"]) == ("passed", 2)
    assert all(ended.passed for ended in replays(events))
    logs = [event.message for event in events if isinstance(event, Log)]
    assert "“Test 1” is replayed again: GET / answered 500." in logs


async def test_what_a_site_always_answers_delays_no_replay_after_the_first(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.engine.prove.replaying.WAITS", (0.0, 0.0, 0.0))
    asks = "<h1>Shop</h1><script>fetch('/count')</script>"
    with pages({"/": asks, "/count": Answer("", 503)}) as shop:
        events = await proved(browser, plan_of(shop, tmp_path, max_breakages=0), proposal(see("Shop")))
        assert shop.paths().count("/") == 4 + 2
    assert proofs(events)[1].outcome == "passed"


async def test_calls_in_the_background_and_scripts_are_broken_as_well(browser: Browser, plan: ProofPlan) -> None:
    listed = {"do": "expect_visible", "target": {"text": "Blue mug"}}
    end = proofs(await proved(browser, plan, proposal(see("Stock"), listed, start="/stock")))[1]
    deep = [told(end.proof, kind) for kind in ("failed_api", "emptied_api", "missing_property", "missing_script")]
    assert [all(noticed) for noticed in deep if noticed] == [True, True]


async def test_a_test_that_writes_does_so_a_bounded_number_of_times(
    browser: Browser, plan: ProofPlan, site: Pages
) -> None:
    before = site.paths().count("/send")
    fill = {"do": "fill", "target": {"label": "Name"}, "value": "Ada"}
    end = proofs(await proved(browser, plan, proposal(fill, click("Send"), see("Thank you"), start="/form")))[1]
    assert end.outcome == "passed"
    assert told(end.proof, "swallowed_submit") == [True]
    # One on trial, two clean ones, six broken ones, and perhaps one with an expectation more.
    assert site.paths().count("/send") - before <= 10


async def test_a_read_only_proof_sends_nothing_that_could_change_something(
    browser: Browser, site: Pages, tmp_path: Path
) -> None:
    before = site.paths().count("/send")
    plan = plan_of(site, tmp_path, read_only=True)
    ask = {"do": "request", "method": "POST", "path": "/send", "expect": {"status": 200}}
    works = (
        proposal(click("Send"), see("Thank you"), start="/form"),
        proposal(ask, kind="api", start=None, result=2),
    )
    ends = proofs(await proved(browser, plan, *works))
    assert [ends[1].outcome, ends[2].outcome] == ["failed", "failed"]
    assert ends[2].failure is not None
    assert "read-only" in ends[2].failure.message
    assert site.paths().count("/send") == before


async def test_what_was_tried_without_writing_is_proved_without_it_and_what_is_held_back_speaks_against_it(
    browser: Browser, plan: ProofPlan, site: Pages
) -> None:
    before = site.paths().count("/send")
    sending, calm = proposal(click("Send"), see("Thank you"), start="/form"), proposal(see("Shop"), result=2)
    events = await proved(browser, plan, *(one.model_copy(update={"writes": False}) for one in (sending, calm)))
    ends = proofs(events)
    assert [ends[1].outcome, ends[2].outcome] == ["failed", "passed"]
    assert ends[1].failure is not None
    assert "this test sends POST /send" in ends[1].failure.message
    assert site.paths().count("/send") == before
    assert [(one.url, one.status, one.held_back) for one in wrote(events)] == [(f"{site.url}/send", None, True)]


async def test_a_proof_tells_all_that_it_sends_also_by_requests_and_in_replays_that_are_not_recorded(
    browser: Browser, plan: ProofPlan, site: Pages
) -> None:
    before = site.paths().count("/send")
    ask = {"do": "request", "method": "POST", "path": "/send", "follow": False, "expect": {"status": 303}}
    asking = proposal(ask, kind="api", start=None)
    events = await proved(browser, plan, asking, proposal(click("Send"), see("Thank you"), start="/form", result=2))
    told = wrote(events)
    assert {one.because for one in told} == {"replayed to prove: Test 1", "replayed to prove: Test 2"}
    assert [one.status for one in told if not one.held_back] == [303] * (site.paths().count("/send") - before)
    assert any(one.held_back for one in told)


async def test_expectations_of_an_api_are_put_to_broken_answers(browser: Browser, plan: ProofPlan) -> None:
    checks = [{"path": "$[0].name", "equals": "Blue mug"}]
    ask = {"do": "request", "method": "GET", "path": "/api/stock", "expect": {"status": 200, "json": checks}}
    blind = {"do": "request", "method": "GET", "path": "/api/stock", "expect": {"status": [200, 404, 500]}}
    works = [proposal(ask, kind="api", start=None), proposal(blind, kind="api", start=None, result=2)]
    ends = proofs(await proved(browser, plan, *works))
    assert ends[1].outcome == "passed"
    assert told(ends[1].proof, "answer_status") == [True, True]
    assert True in told(ends[1].proof, "answer_missing_key")
    assert ends[2].outcome == "failed"
    assert ends[2].failure is not None
    assert "noticed none of" in ends[2].failure.message


async def test_replays_of_several_proposals_are_mixed_at_random_and_the_same_for_a_seed(
    browser: Browser, plan: ProofPlan
) -> None:
    calm = plan.model_copy(update={"max_breakages": 0, "options": plan.options.model_copy(update={"parallel": 1})})
    works = [proposal(see("Shop"), result=1), proposal(see("Mugs"), result=2, start="/mugs")]
    orders = []
    for seed in (1, 1, 2, 3, 4):
        events = await proved(browser, calm, *works, seed=seed)
        orders.append(tuple(ended.result for ended in replays(events)))
    assert orders[0] == orders[1]
    assert len(set(orders)) > 1
    assert all(sorted(order) == [1, 1, 2, 2] for order in orders)


async def test_replays_keep_the_pace_of_the_crawl(browser: Browser, site: Pages, tmp_path: Path) -> None:
    slow = plan_of(site, tmp_path, max_breakages=0, requests_per_second=1)
    began = time.monotonic()
    [proof] = proofs(await proved(browser, slow, proposal(see("Shop")))).values()
    assert proof.proof["passed"] == 2
    assert time.monotonic() - began >= 2


async def test_a_document_that_is_no_test_is_rejected(browser: Browser, plan: ProofPlan) -> None:
    end = proofs(await proved(browser, plan, proposal({"do": "dance"})))[1]
    assert (end.outcome, end.attempts) == ("failed", 0)
    assert end.failure is not None
    assert "is not a step" in end.failure.message


async def test_a_mutation_is_applied_however_slow_the_machine_is_against_the_pace(
    browser: Browser, plan: ProofPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short pace is for what waits in vain on a broken page: no step that leads there may be cut off by it."""
    monkeypatch.setattr("runs.engine.prove.proving.LEAST_MS", 1)
    monkeypatch.setattr("runs.engine.prove.proving.MOST_MS", 1)
    monkeypatch.setattr("runs.engine.prove.choosing.MUTATIONS", {"stale": MUTATIONS["stale"]})
    steps = [click("Hold"), says("status", "One mug")]
    end = proofs(await proved(browser, plan, proposal(*steps, start="/basket")))[1]
    assert (told(end.proof, "stale"), end.proof["ineffective"]) == ([True], 0)
    [one] = end.proof["breakages"]
    assert one["by"] == 'Expect the status to contain "One mug"'
