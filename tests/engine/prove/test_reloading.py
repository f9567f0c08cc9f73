"""Mutations of what the last page loads, tried by loading it once more: believed where the page is as before then."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.plan import ProofPlan
from runs.engine.prove import replaying
from tests.engine.pages import Answer, Answers, Asked, Pages, pages
from tests.engine.prove.proofs import click, plan_of, proofs, proposal, proved, replays, see, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = {
    "Mugs": "/mugs?kind=mug",
    "Once": "/once?kind=mug",
    "Stock": "/stock",
    "Marked": "/marked",
    "Polls": "/polls",
    "Fragile": "/fragile",
}
HOME = "<!doctype html><title>Home</title><h1>Home</h1>" + "".join(
    f"<p><a href='{path}'>{name}</a>" for name, path in PATHS.items()
)
ROWS = {"mug": "<li>Blue mug", "": "<li>Blue mug<li>Linen towel"}
STOCK = """<!doctype html><title>Stock</title><main><h1>Stock</h1><ul id=rows></ul></main><script>
fetch('/api/stock').then(answer => answer.json()).then(names => {
  rows.innerHTML = names.map(name => `<li>${name}`).join('');
});</script>"""
# What a failed call leaves behind is shown by every later load.
MARKED = """<!doctype html><title>Marked</title><main><h1>Marked</h1><p id=state></p></main><script>
if (localStorage.broken) state.textContent = 'Something was broken before';
fetch('/api/stock').then(answer => { if (!answer.ok) localStorage.broken = 1; });</script>"""
# A page that asks again and again is told the truth as soon as nothing is broken any more.
POLLS = """<!doctype html><title>Polls</title><main><h1>Polls</h1><ul id=rows></ul></main><script>
const ask = () => fetch('/api/stock').then(answer => answer.json()).then(names => {
  rows.innerHTML = names.map(name => `<li>${name}`).join('');
}, () => { rows.innerHTML = ''; }).finally(() => setTimeout(ask, 100));
ask();</script>"""
# What a failed call leads to is nothing that the page does otherwise.
FRAGILE = """<!doctype html><title>Fragile</title><main><h1>Fragile</h1><p id=state></p></main><script>
fetch('/api/stock').then(answer => answer.json()).then(names => {
  state.textContent = names[0] || 'Nothing';
  if (names.length !== 2) fetch('/api/trouble');
}).catch(() => fetch('/api/trouble'));</script>"""
ABSENT = {"do": "expect_hidden", "target": {"text": "Linen towel"}}


def listed(asked: Asked, more: str = "") -> Answer:
    kind = "mug" if "kind=mug" in asked.path else ""
    return Answer(f"<!doctype html><title>Goods</title><main><h1>Goods</h1>{more}<ul>{ROWS[kind]}</ul></main>")


def once(asked: Asked) -> Answer:
    """A page that welcomes a visitor only the first time."""
    welcomed = "welcomed" in asked.headers.get("Cookie", asked.headers.get("cookie", ""))
    answer = listed(asked, "" if welcomed else "<p>Welcome among the goods</p>")
    return Answer(answer.body, headers={"Set-Cookie": "welcomed=1; Path=/"})


@pytest.fixture(scope="module")
def site() -> Iterator[Pages]:
    answers: Answers = {"/": HOME, "/mugs": listed, "/once": once, "/stock": STOCK, "/marked": MARKED}
    answers |= {"/polls": POLLS, "/fragile": FRAGILE, "/api/trouble": Answer("Broken", 500)}
    stock = Answer('["Blue mug", "Red mug"]', type="application/json")
    with pages({**answers, "/api/stock": stock}) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as found:
        yield found


@pytest.fixture
def plan(site: Pages, tmp_path: Path) -> ProofPlan:
    return plan_of(site, tmp_path, max_breakages=20)


async def test_a_query_that_is_ignored_by_the_last_page_needs_no_replay_of_its_own(
    browser: Browser, plan: ProofPlan, made: Counter[str]
) -> None:
    events = await proved(browser, plan, proposal(click("Mugs", "link"), see("Goods"), ABSENT))
    end = proofs(events)[1]
    assert (end.outcome, told(end.proof, "ignored_query")) == ("passed", [True])
    assert made["ignored_query"] == 0
    assert [replay.passed for replay in replays(events)] == [True, True]


async def test_calls_of_the_last_page_are_broken_by_loading_it_once_more(
    browser: Browser, plan: ProofPlan, made: Counter[str]
) -> None:
    shown = {"do": "expect_text", "target": {"role": "list"}, "contains": "Red mug"}
    calm = {"do": "expect_no_failed_requests"}
    end = proofs(await proved(browser, plan, proposal(click("Stock", "link"), see("Stock"), shown, calm)))[1]
    assert end.outcome == "passed"
    assert told(end.proof, "failed_api") == [True]
    assert made["failed_api"] == made["emptied_api"] == 0
    kept = [step["do"] for step in end.document["steps"]]
    assert "expect_no_failed_requests" in kept, "a broken call is nothing that the next load has failed by"


@pytest.mark.parametrize(("name", "kind"), [("Once", "ignored_query"), ("Marked", "failed_api")])
async def test_where_the_page_is_not_as_before_nothing_is_believed_of_what_it_was_compared_with(
    browser: Browser, plan: ProofPlan, made: Counter[str], name: str, kind: str
) -> None:
    heading = "Goods" if name == "Once" else name
    expected = ABSENT if name == "Once" else {"do": "expect_no_failed_requests"}
    end = proofs(await proved(browser, plan, proposal(click(name, "link"), see(heading), expected)))[1]
    assert (end.outcome, told(end.proof, kind)) == ("passed", [True])
    assert made[kind] == 1


async def test_a_page_that_asks_again_is_answered_alike_until_it_has_been_looked_at(
    browser: Browser, plan: ProofPlan, made: Counter[str]
) -> None:
    shown = {"do": "expect_text", "target": {"role": "list"}, "contains": "Red mug"}
    end = proofs(await proved(browser, plan, proposal(click("Polls", "link"), see("Polls"), shown)))[1]
    assert (end.outcome, told(end.proof, "failed_api")) == ("passed", [True]), end.failure
    assert made["failed_api"] == 0


async def test_trouble_that_a_broken_load_leads_to_is_not_held_against_the_clean_replay(
    browser: Browser, plan: ProofPlan, made: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "WAITS", (0.0, 0.0, 0.0))
    said = {"do": "expect_text", "target": {"role": "main"}, "contains": "Blue mug"}
    events = await proved(browser, plan, proposal(click("Fragile", "link"), see("Fragile"), said))
    end = proofs(events)[1]
    assert (end.outcome, told(end.proof, "failed_api")) == ("passed", [True]), end.failure
    assert made["failed_api"], "of a load in which the site had trouble nothing is known"
    assert made["clean"] == len(replays(events)) == 2
