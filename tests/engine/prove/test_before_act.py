"""Mutations by which the last act does nothing, tried in a clean replay: it stays clean, or another one is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.events import Log
from runs.engine.plan import ProofPlan
from tests.engine.pages import Answer, Answers, Asked, Pages, pages
from tests.engine.prove.proofs import click, plan_of, proofs, proposal, proved, replays, says, see, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAYS = "document.querySelector('[role=status]').textContent = 'Added to your cart'"
PAGE = "<!doctype html><title>Shop</title><main><h1>Shop</h1><button id=add>Add</button><p role=status></p></main>"
CALM = f"{PAGE}<script>add.onclick = () => {{ {SAYS} }}</script>"
# What is done on the way to a click cannot be kept from happening by swallowing the click.
EARLY = f"{PAGE}<script>add.onpointerdown = () => {{ {SAYS}; add.remove() }}</script>"
# Nothing of it can be seen, and it is sent all the same.
TRACKS = f"""{PAGE}<script>add.onpointerdown = () => fetch('/track', {{method: 'POST', body: 'x'}});
add.onclick = () => {{ {SAYS} }}</script>"""
LEAVES_TRACES = f"""{PAGE}<script>add.onclick = () => {{ {SAYS} }};
add.onpointerdown = () => {{ document.querySelector('h1').textContent = 'Pressed' }}</script>"""
FORM = """<!doctype html><main><h1>Write to us</h1><form method=post action=/send><label>Name <input name=name></label>
<button>Send</button></form></main>"""
THANKS = "<!doctype html><main><h1>Thank you</h1><p role=status>Your words are on their way</p></main>"


@pytest.fixture(scope="module")
def sent() -> list[str]:
    return []


@pytest.fixture(scope="module")
def site(sent: list[str]) -> Iterator[Pages]:
    def send(asked: Asked) -> Answer:
        sent.append(asked.method)
        return Answer("", 303, {"Location": "/thanks"})

    answers: Answers = {"/calm": CALM, "/early": EARLY, "/traces": LEAVES_TRACES, "/form": FORM, "/thanks": THANKS}
    with pages({**answers, "/send": send, "/tracks": TRACKS, "/track": Answer("")}) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as found:
        yield found


@pytest.fixture
def plan(site: Pages, tmp_path: Path) -> ProofPlan:
    return plan_of(site, tmp_path)


async def test_an_act_that_does_nothing_needs_no_replay_of_its_own(
    browser: Browser, plan: ProofPlan, made: Counter[str]
) -> None:
    events = await proved(browser, plan, proposal(click("Add"), says("status", "Added"), start="/calm"))
    end = proofs(events)[1]
    assert (end.outcome, told(end.proof, "swallowed_click")) == ("passed", [True])
    assert (made["swallowed_click"], made["clean"]) == (0, 2)
    assert [replay.passed for replay in replays(events)] == [True, True]


async def test_a_form_that_is_not_sent_sends_nothing(
    browser: Browser, plan: ProofPlan, made: Counter[str], sent: list[str]
) -> None:
    fill = {"do": "fill", "target": {"label": "Name"}, "value": "Ada"}
    test = proposal(fill, click("Send"), see("Thank you"), start="/form")
    end = proofs(await proved(browser, plan, test.model_copy(update={"writes": True})))[1]
    assert (end.outcome, told(end.proof, "swallowed_submit")) == ("passed", [True])
    assert (made["swallowed_submit"], made["clean"]) == (0, 2)
    # The trial, two clean replays, and those that were broken elsewhere.
    assert len(sent) <= 3 + end.proof["broken"]


@pytest.mark.parametrize("path", ["/early", "/traces", "/tracks"])
async def test_an_act_that_leaves_traces_all_the_same_is_replayed_once_more(
    browser: Browser, plan: ProofPlan, made: Counter[str], path: str
) -> None:
    events = await proved(browser, plan, proposal(click("Add"), says("status", "Added"), start=path))
    end = proofs(events)[1]
    assert end.outcome == "passed"
    assert [replay.passed for replay in replays(events)] == [True, True]
    assert made["clean"] == 3
    assert all(len(replay.requests) <= 2 for replay in replays(events)), "the press that was swallowed is on no record"
    assert False not in told(end.proof, "swallowed_click")


FLAKY = Counter[str]()


async def test_a_replay_that_fails_after_a_try_is_told_and_two_others_have_to_pass(
    browser: Browser, tmp_path: Path, made: Counter[str]
) -> None:
    FLAKY.clear()

    def page(asked: Asked) -> str:
        FLAKY[asked.path] += 1
        return CALM.replace("Added to your cart", "Nothing") if FLAKY[asked.path] == 2 else CALM

    with pages({"/": page}) as site:
        test = proposal(click("Add"), says("status", "Added")).model_copy(update={"replays": 3})
        events = await proved(browser, plan_of(site, tmp_path), test)
    end = proofs(events)[1]
    assert (end.outcome, made["clean"]) == ("passed", 4)
    assert any("replayed twice more" in event.message for event in events if isinstance(event, Log))


async def test_a_replay_that_fails_before_anything_was_tried_rejects_the_proposal(
    browser: Browser, tmp_path: Path
) -> None:
    FLAKY.clear()

    def page(asked: Asked) -> str:
        FLAKY[asked.path] += 1
        return CALM.replace("<h1>Shop</h1>", "") if FLAKY[asked.path] == 3 else CALM

    with pages({"/": page}) as site:
        test = proposal(see("Shop"), click("Add"), says("status", "Added")).model_copy(update={"replays": 4})
        events = await proved(browser, plan_of(site, tmp_path), test)
    assert proofs(events)[1].outcome == "failed"
    assert [replay.passed for replay in replays(events)][-1] is False
