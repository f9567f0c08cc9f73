"""Looking at pages and trying things, in a real browser on pages written here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.events import Event, Log, PageSnapshot, Proposal, Wrote
from runs.engine.generate import KnownTest
from runs.engine.generate.case_visit import Visits
from runs.engine.generate.cases import CaseSpec
from runs.engine.generate.observe import tried
from runs.engine.page.look import difference
from runs.engine.plan import CrawlOptions, CrawlPlan, Site
from tests.engine.crawl.frontier_rows import crawl_all
from tests.engine.generate import snapshots as literal
from tests.engine.generate.stages import generated
from tests.engine.members import members, staffed
from tests.engine.pages import Answer, Answers, Asked, Pages, pages
from tests.held import Held

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIST = "<ul><li><a href=/a><h3>Blue Mug</h3> $4</a></li><li><a href=/b>Red Bowl</a></li></ul>"
PAGE = f"""<!doctype html><title>Shop</title><header><nav><ul><li><a href=/>Home</a></li></ul></nav></header>
<main><h1 style="text-transform: uppercase">Our goods</h1><p role=status></p>{LIST}<p hidden>unseen</p>
<form action=/send method=post aria-label=Contact><label>Email<input name=email type=email required></label>
<button>Send</button></form></main>"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser() as browser:
        yield browser


def plan_of(site: Pages, **options: Any) -> CrawlPlan:
    return CrawlPlan(site=Site(base_url=site.url), options=CrawlOptions(**options))


def case_of(*steps: dict[str, Any], writes: bool = False) -> CaseSpec:
    return CaseSpec(family="form", key="key", page="", start="/", steps=steps, writes=writes)


SEND = {"do": "click", "target": {"role": "button", "name": "Send"}}
FILL = {"do": "fill", "target": {"label": "Email"}, "value": "kim@example.com"}


async def test_a_look_tells_what_a_person_sees(browser: Browser) -> None:
    with pages({"/": PAGE}) as site:
        seen = (await tried(Visits(browser, plan_of(site)), case_of())).after
    assert seen is not None
    assert seen.main_heading == "Our goods"
    assert [(entry.role, entry.name) for entry in seen.listed()] == [("heading", "Blue Mug"), ("link", "Red Bowl")]
    assert [(one.name, one.landmark) for one in seen.pressables][:2] == [
        ("Home", "navigation"),
        ("Blue Mug $4", "main"),
    ]
    assert seen.forms[0].name == "Contact"
    assert seen.fields[0].label == "Email"
    assert not any("unseen" in text for text in seen.texts)


async def test_what_the_browser_itself_refuses_is_seen(browser: Browser) -> None:
    with pages({"/": PAGE}) as site:
        seen = await tried(Visits(browser, plan_of(site)), case_of(SEND, writes=True))
    assert seen.before is not None
    assert seen.after is not None
    assert not any(field.submitted_invalid for field in seen.before.fields)
    assert [field.label for field in difference(seen.before, seen.after).invalid] == ["Email"]
    assert [asked.method for asked in site.asked] == ["GET"] * len(site.asked)


async def test_what_a_submission_shows_is_seen(browser: Browser) -> None:
    thanks = "<title>Shop</title><main><h1>Thank you</h1><p role=status>We have your message.</p></main>"
    with pages({"/": PAGE, "/send": thanks}) as site:
        seen = await tried(Visits(browser, plan_of(site)), case_of(FILL, SEND, writes=True))
    assert seen.before is not None
    assert seen.after is not None
    change = difference(seen.before, seen.after)
    assert change.moved
    assert change.main_heading == "Thank you"
    assert [message.text for message in change.messages] == ["We have your message."]


async def test_a_list_that_is_redrawn_where_one_listens_is_no_announcement(browser: Browser) -> None:
    stock = "<main><div aria-live=polite><p role=status>3 of 48</p><ul><li>Blue mug</li></ul></div></main>"
    with pages({"/": stock}) as site:
        seen = await tried(Visits(browser, plan_of(site)), case_of())
    assert seen.after is not None
    assert [message.text for message in seen.after.messages] == ["3 of 48"]


async def test_nothing_is_written_where_it_must_not_be(browser: Browser) -> None:
    with pages({"/": PAGE, "/send": "sent"}) as site:
        await tried(Visits(browser, plan_of(site)), case_of(FILL, SEND))
        await tried(Visits(browser, plan_of(site, read_only=True)), case_of(FILL, SEND, writes=True))
    assert "POST" not in {asked.method for asked in site.asked}


async def test_cases_keep_the_pace_of_the_crawl(browser: Browser) -> None:
    began = time.monotonic()
    with pages({"/": PAGE}) as site:
        visits = Visits(browser, plan_of(site, requests_per_second=1))
        seen = await asyncio.gather(*(tried(visits, case_of()) for _ in range(3)))
    assert not any(one.problem for one in seen)
    assert time.monotonic() - began >= 2


SAVING = """<!doctype html><main><h1>Notes</h1><button onclick="
  const headers = {'content-type': 'application/json'}
  fetch('/graphql', {method: 'POST', headers, body: JSON.stringify({query: '{ a }'})})
  fetch('/save', {method: 'POST'})">Save</button></main>"""


async def test_what_is_sent_is_told_by_what_became_of_it_and_what_only_asks_is_not(browser: Browser) -> None:
    events: list[Any] = []
    press = {"do": "click", "target": {"role": "button", "name": "Save"}}
    ask = {"do": "request", "method": "POST", "path": "/save", "form": {"name": "kim"}}
    with pages({"/": SAVING, "/graphql": "{}", "/save": "saved"}) as site:
        visits = Visits(browser, plan_of(site), events.append)
        held, let = await tried(visits, case_of(press)), await tried(visits, case_of(press, ask, writes=True))
    assert (held.held_back, let.held_back) == (True, False)
    told = [(one.url.removeprefix(site.url), one.status, one.held_back) for one in events]
    assert told == [("/save", None, True), ("/save", 200, False), ("/save", 200, False)]


async def test_a_step_that_cannot_be_done_is_a_problem_and_no_exception(browser: Browser) -> None:
    with pages({"/": PAGE}) as site:
        seen = await tried(
            Visits(browser, plan_of(site)), case_of({"do": "click", "target": {"role": "button", "name": "Fly"}})
        )
    assert seen.after is None
    assert "Fly" in seen.problem


ACCOUNT_PAGE = CaseSpec(family="page", key="key", page="", start="/account", auth="account")


async def test_a_case_whose_session_was_over_begins_again_with_a_new_one(browser: Browser) -> None:
    with members() as (site, gate):
        visits = Visits(browser, CrawlPlan(site=staffed(site), options=CrawlOptions()))
        await visits.accounts.state("account")
        gate.living.clear()
        seen = [await tried(visits, ACCOUNT_PAGE) for _ in range(2)]
    assert [one.after.main_heading for one in seen if one.after] == ["Hello ali"] * 2
    assert gate.made == 2


async def test_a_case_that_has_no_time_left_does_not_cut_off_the_sign_in(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tried.__globals__, "CASE_SECONDS", 0)
    with members() as (site, gate):
        visits = Visits(browser, CrawlPlan(site=staffed(site), options=CrawlOptions()))
        problems = [(await tried(visits, ACCOUNT_PAGE)).problem for _ in range(2)]
    assert problems == ["it took longer than 0 seconds"] * 2
    assert gate.made == 1


async def test_secrets_in_addresses_are_not_kept(browser: Browser) -> None:
    asks = "fetch('/lost?token=s3cr3t', {method: 'POST'}).then(() => console.error(location.origin + '/?token=s3cr3t'))"
    told: list[Event] = []
    with pages({"/": f"<main><h1>Shop</h1></main><script>{asks}</script>"}) as site:
        seen = await tried(Visits(browser, plan_of(site), told.append), case_of(writes=True))
    assert seen.failed_requests == (f"POST {site.url}/lost?token=*** → 404",)
    assert seen.console_errors == (f"{site.url}/?token=***",)
    assert [event.url for event in told if isinstance(event, Wrote)] == [f"{site.url}/lost?token=***"]


def little_site() -> Answers:
    around = "<header><nav aria-label=Main><a href=/>Home</a> <a href=/about>About</a></nav></header>"
    about = f"<title>About</title>{around}<main><h1>About us</h1><p>We sell mugs.</p></main>"
    home = f"<title>Shop</title>{around}<main><h1>Our goods</h1>{LIST}</main>"
    return {"/": home, "/about": about, "/a": about, "/b": about}


async def gathered(
    browser: Browser, plan: CrawlPlan, seen: list[PageSnapshot], known: Sequence[KnownTest] = ()
) -> list[Proposal | Log]:
    proposed, logs, _ = await generated(browser, plan, seen, known)
    return [*proposed.proposals, *logs]


async def test_what_is_known_is_not_proposed_again_and_the_limit_holds(browser: Browser) -> None:
    with pages(little_site()) as site:
        plan = plan_of(site)
        seen = list((await crawl_all(browser, plan)).done.values())
        events = await gathered(browser, plan, seen)
        proposals = [event for event in events if isinstance(event, Proposal)]
        again = await gathered(
            browser, plan, seen, [KnownTest(one.title, one.document, one.signature) for one in proposals]
        )
        few = [
            event for event in await gathered(browser, plan_of(site, test_count=1), seen) if isinstance(event, Proposal)
        ]
        none = await gathered(browser, plan_of(site, test_count=0), seen)
    assert len(proposals) >= 3
    assert [event for event in again if isinstance(event, Proposal)] == []
    assert any("exist already" in event.message for event in again if isinstance(event, Log))
    assert len(few) == 1
    assert not [event for event in none if isinstance(event, Proposal)]


async def test_pages_that_were_not_well_are_named(browser: Browser) -> None:
    answers = {
        **little_site(),
        "/": "<title>Shop</title><main><h1>Our goods</h1></main><script>throw new Error('boom')</script>",
    }
    with pages(answers) as site:
        plan = plan_of(site)
        events = await gathered(browser, plan, list((await crawl_all(browser, plan)).done.values()))
    (warning,) = [event for event in events if isinstance(event, Log) and event.level == "warning"]
    assert "boom" in warning.message
    (home,) = [event for event in events if isinstance(event, Proposal) and event.family == "page"]
    kinds = {step["do"] for step in home.document["steps"]}
    assert "expect_no_console_errors" not in kinds
    assert "expect_no_failed_requests" in kinds


async def test_stopping_closes_everything_at_once(browser: Browser, unhurried_stop: None) -> None:
    held = Held()

    def slow(_asked: Asked) -> Answer:
        held.wait()
        return Answer("<main><h1>Slow</h1></main>")

    with pages({"/": slow}) as site:
        task = asyncio.ensure_future(
            gathered(browser, plan_of(site), [literal.page("/").model_copy(update={"url": site.url})])
        )
        await asyncio.to_thread(held.asked.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert held.is_held
        held.release()
    assert browser._chromium is not None
    assert browser._chromium.contexts == []
