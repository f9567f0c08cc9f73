"""Mutations that are put to one page in turn: each is undone, and where that fails nothing of them is believed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from runs.engine.browser import Browser, read_page
from runs.engine.events import Log
from runs.engine.plan import ProofPlan
from runs.engine.prove.in_place import UNDO
from runs.engine.prove.strikes import Strikes
from tests.engine.pages import Answer, Pages, pages
from tests.engine.prove.proofs import plan_of, proofs, proposal, proved, replays, see, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

MUGS = """<!doctype html><title>Mugs</title><main id=m><h1>Mugs</h1><ul><li>Blue mug<li>Red mug</ul>
<form><input value=x><button type=button title=t>Add</button></form></main>"""
HIDDEN = """<!doctype html><title>Hidden</title><main><h1>Hidden</h1><div id=host></div></main><script>
host.attachShadow({mode: 'open'}).innerHTML = '<h2>Inside</h2>'</script>"""
GREEDY = """<!doctype html><title>Greedy</title><main><h1>Greedy</h1><p>Some text that stands here</p></main><script>
new MutationObserver(() => { document.title = 'Broken for good'; }).observe(document.body, {subtree: true,
  childList: true, characterData: true})</script>"""
PASSING = """<!doctype html><title>Passing</title><main><h1>Passing</h1><p role=status>Saved</p></main>"""
MOVED = """<!doctype html><title>Moved</title><main><h1>Moved</h1><p>Some text that stands here</p></main><script>
history.replaceState({}, '', '/elsewhere')</script>"""
STRIKES = """document.querySelector('h1').firstChild.data = 'x'; document.querySelector('button').remove();
document.querySelector('main').removeAttribute('id'); document.querySelector('ul').innerHTML = '<li>z';
document.querySelector('ul').className = 'new'; document.body.append(document.createElement('hr'));
document.querySelector('form').prepend(document.querySelector('h1'));"""


@pytest.fixture(scope="module")
def site() -> Iterator[Pages]:
    served = {"/mugs": MUGS, "/hidden": HIDDEN, "/greedy": GREEDY, "/passing": PASSING, "/moved": MOVED}
    with pages({path: Answer(body) for path, body in served.items()}) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as found:
        yield found


@pytest.fixture
def plan(site: Pages, tmp_path: Path) -> ProofPlan:
    return plan_of(site, tmp_path)


@pytest.fixture
def struck(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """For each page that mutations were put to, the kinds that were believed."""
    found: list[list[str]] = []
    strike = Strikes.at_end

    async def noted(strikes: Strikes, *given: Any) -> None:
        await strike(strikes, *given)
        found.append([outcome.kind for outcome in strikes.struck])

    monkeypatch.setattr(Strikes, "at_end", noted)
    return found


async def test_all_that_was_changed_in_a_page_is_undone(browser: Browser, site: Pages, plan: ProofPlan) -> None:
    page = await (await browser.context(plan.options, plan.site)).new_page()
    await page.goto(f"{site.url}/mugs")
    await page.evaluate("document.querySelector('button').onclick = () => { document.title = 'heard'; }")
    before = await page.content()
    await read_page(page, UNDO, "remember()")
    await page.evaluate(STRIKES)
    assert await page.content() != before
    assert await read_page(page, UNDO, "undo()") is True
    assert await page.content() == before
    await page.click("button")
    assert await page.title() == "heard", "nodes come back themselves, with what listens to them"
    await page.context.close()


async def test_mutations_of_the_page_alone_take_no_replay_of_their_own(
    browser: Browser, plan: ProofPlan, struck: list[list[str]]
) -> None:
    end = proofs(await proved(browser, plan, proposal(see("Mugs"), start="/mugs")))[1]
    assert {"changed_text", "emptied_main", "removed_element"} <= set(struck[-1])
    shallow = [one for one in end.proof["breakages"] if one["kind"] in struck[-1]]
    assert len(shallow) >= 3
    assert all(one["noticed"] for one in shallow)
    assert end.proof["broken"] <= len(end.proof["breakages"]) + end.proof["ineffective"] - len(shallow)


@pytest.mark.parametrize(
    ("path", "heading"), [("/greedy", "Greedy"), ("/hidden", "Inside")], ids=["page that reacts", "shadow root"]
)
async def test_where_a_mutation_cannot_be_undone_each_has_a_replay_of_its_own(
    browser: Browser, plan: ProofPlan, struck: list[list[str]], path: str, heading: str
) -> None:
    end = proofs(await proved(browser, plan, proposal(see(heading), start=path)))[1]
    assert end.outcome == "passed"
    assert {"changed_text", "emptied_main", "removed_element"}.isdisjoint(struck[-1])
    kinds = {one["kind"] for one in end.proof["breakages"]}
    assert {"emptied_main", "removed_element"} <= kinds
    assert end.proof["broken"] >= len(end.proof["breakages"]) - len(struck[-1])


async def test_an_expectation_that_held_for_a_moment_only_is_broken_in_replays_of_its_own(
    browser: Browser, plan: ProofPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    strike = Strikes.at_end

    async def later(strikes: Strikes, known: Any, *given: Any) -> None:
        _, attempt_page, *_ = given
        await attempt_page.page.evaluate("document.querySelector('[role=status]').remove()")
        await strike(strikes, known, *given)

    monkeypatch.setattr(Strikes, "at_end", later)
    said = {"do": "expect_visible", "target": {"text": "Saved"}}
    end = proofs(await proved(browser, plan, proposal(said, see("Passing"), start="/passing")))[1]
    assert end.outcome == "passed"
    gone = [one for one in end.proof["breakages"] if one["what"] == "“Saved” is gone"]
    assert [one["noticed"] for one in gone] == [True]


async def test_a_last_page_that_is_answered_otherwise_is_loaded_once_more_in_place_of_a_replay(
    browser: Browser, plan: ProofPlan, struck: list[list[str]]
) -> None:
    events = await proved(browser, plan, proposal(see("Mugs"), start="/mugs"))
    end = proofs(events)[1]
    assert "error_status" in struck[-1]
    assert told(end.proof, "error_status") == told(end.proof, "redirected") == [True]
    assert end.proof["broken"] == 0
    assert [replay.passed for replay in replays(events)] == [True, True], (
        "an answer of ours is no trouble of the site's"
    )
    assert not [event for event in events if isinstance(event, Log)]


async def test_a_page_that_went_elsewhere_by_itself_is_not_loaded_once_more(
    browser: Browser, plan: ProofPlan, struck: list[list[str]]
) -> None:
    end = proofs(await proved(browser, plan, proposal(see("Moved"), start="/moved")))[1]
    assert end.outcome == "passed"
    assert "error_status" not in struck[-1]
    assert told(end.proof, "error_status") == [True]
