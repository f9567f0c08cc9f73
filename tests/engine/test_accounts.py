import asyncio
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from runs.engine.browser import Accounts, Browser, SignInFailed, sign_in
from runs.engine.crawl import crawl
from runs.engine.events import Event, Log, PageFailed, PageVisited, SignedIn, WithoutAccount
from runs.engine.masking.session_keys import keys_of
from runs.engine.plan import (
    BrowserOptions,
    CrawlOptions,
    CrawlPlan,
    PageWork,
    RunOptions,
    ShardPlan,
    SignedInSession,
    Site,
)
from tests.engine.executing import attempts, ends, played, see, work
from tests.engine.members import credentials, members, staffed
from tests.engine.pages import Answer, Asked, Pages, pages

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser() as browser:
        yield browser


def accounts(browser: Browser, site: Site, told: list[SignedIn] | None = None) -> Accounts:
    emit = (told if told is not None else []).append
    return Accounts(browser, site, BrowserOptions(), emit=emit)


def kept(event: SignedIn) -> SignedInSession:
    return SignedInSession(state=event.state, page=event.page, signs=event.signs, closed=event.closed)


async def test_a_role_is_signed_in_once_and_told_with_what_shows_that_it_is(browser: Browser) -> None:
    told: list[SignedIn] = []
    with members() as (site, gate):
        all_of_them = accounts(browser, staffed(site), told)
        states = await asyncio.gather(*(all_of_them.state("editor") for _ in range(4)))
        assert await all_of_them.state("visitor") is None
    assert gate.made == 1
    assert all(state is states[0] for state in states)
    [event] = told
    assert (event.role, event.fingerprint, event.page, event.closed) == (
        "editor",
        "of eva",
        f"{site.url}/account",
        True,
    )
    assert set(event.signs) == {"Edit the shop", "Home", "Orders of eva", "Sign out"}
    assert "sid" not in repr(event)
    assert "sid" not in repr(kept(event))


async def test_a_kept_session_is_used_while_it_holds_and_replaced_when_it_is_over(browser: Browser) -> None:
    told: list[SignedIn] = []
    with members() as (site, gate):
        await accounts(browser, staffed(site), told).state("account")
        again = staffed(site, sessions={"account": kept(told[0])})
        assert await accounts(browser, again, told).state("account") == told[0].state
        assert gate.made == 1
        gate.living.clear()
        state = await accounts(browser, again, told).state("account")
        assert gate.made == 2
    assert state == told[2].state != told[0].state


async def test_a_session_that_ends_meanwhile_is_renewed_once_for_all_who_ask(browser: Browser) -> None:
    with members() as (site, gate):
        known = accounts(browser, staffed(site))
        state = await known.state("account")
        gate.living.clear()
        assert all(await asyncio.gather(*(known.renewed("account", state) for _ in range(3))))
        renewed = await known.state("account")
        assert renewed is not state
        assert not await known.renewed("account", renewed), "it holds"
        assert gate.made == 2


async def test_two_roles_do_not_sign_in_at_once(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way: list[int] = [0]

    async def counted(*given: Any, **more: Any) -> SignedInSession | None:
        under_way.append(under_way[-1] + 1)
        try:
            return await sign_in(*given, **more)
        finally:
            under_way.append(under_way[-1] - 1)

    monkeypatch.setattr("runs.engine.browser.accounts.sign_in", counted)
    with members() as (site, gate):
        known = accounts(browser, staffed(site))
        await asyncio.gather(known.state("editor"), known.state("account"))
    assert (gate.made, under_way) == (2, [0, 1, 0, 1, 0])


async def test_a_sign_in_that_fails_is_tried_twice_and_no_more(browser: Browser) -> None:
    wrong = credentials("ali", password=SecretStr("wrong"))
    with members() as (site, _):
        known = accounts(browser, staffed(site, credentials=wrong))
        for _ in range(3):
            with pytest.raises(SignInFailed, match="Wrong name or password"):
                await known.state("account")
        with pytest.raises(SignInFailed, match="There is no sign-in called “boss”"):
            await known.state("boss")
    assert [asked.method for asked in site.asked].count("POST") == 2


def plan_of(site: Pages, tmp_path: Path, **more: Any) -> ShardPlan:
    options = RunOptions(timeout_ms=1_500, parallel=1, trace="off", screenshot="off")
    return ShardPlan(site=staffed(site, **more), options=options, artifacts=str(tmp_path))


async def test_tests_start_as_whom_they_say(browser: Browser, tmp_path: Path) -> None:
    name = {"do": "expect_url", "path": "/edit"}
    with members() as (site, _):
        plan = plan_of(site, tmp_path)
        events = await played(
            browser,
            plan,
            work(see("Hello eva"), result=1, more={"auth": "editor", "start": "/account"}),
            work(see("Hello ali"), result=2, more={"auth": "account", "start": "/account"}),
            work(see("Editor"), name, result=3, more={"auth": "editor", "start": "/edit"}),
            work(see("Sign in"), result=4, more={"start": "/account"}),
            work(see("Hello {{account.username}}"), result=5, more={"auth": "editor", "start": "/account"}),
            work(see("Anything"), result=6, more={"auth": "boss"}),
        )
    found = ends(events)
    assert [found[number].outcome for number in range(1, 7)] == ["passed"] * 5 + ["failed"]
    failure = found[6].failure
    assert failure is not None
    assert (failure.kind, failure.message) == (
        "document",
        "auth: there is no sign-in called “boss”; there are account, editor",
    )


async def test_what_opens_a_session_is_not_read_in_a_trace(browser: Browser, tmp_path: Path) -> None:
    with members() as (site, gate):
        plan = plan_of(site, tmp_path)
        plan = plan.model_copy(update={"options": plan.options.model_copy(update={"trace": "on"})})
        events = await played(browser, plan, work(see("Hello ali"), more={"auth": "account", "start": "/account"}))
    [[trace]] = [attempt.artifacts for attempt in attempts(events)]
    with zipfile.ZipFile(tmp_path / trace.path) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
    assert b"/account" in text
    assert gate.living
    assert not any(session.encode() in text for session in gate.living)


async def test_a_test_whose_session_was_over_is_made_again_with_a_new_one(browser: Browser, tmp_path: Path) -> None:
    with members() as (site, gate):
        leaving = work({"do": "goto", "path": "/sign-out"}, see("Bye"), result=1, more={"auth": "account"})
        staying = work(see("Hello ali"), result=2, more={"auth": "account", "start": "/account"})
        wrong = work(see("Hello eva"), result=3, more={"auth": "account", "start": "/account"})
        events = await played(browser, plan_of(site, tmp_path), leaving, staying, wrong)
    found = ends(events)
    assert [(found[number].outcome, found[number].attempts) for number in (1, 2, 3)] == [
        ("passed", 1),
        ("passed", 1),
        ("failed", 1),
    ]
    assert [event.message for event in events if isinstance(event, Log)] == [
        "The session was over under “T”; the attempt is made again."
    ]
    assert gate.made == 2


async def visited(browser: Browser, site: Site, works: list[PageWork], **options: Any) -> list[Event]:
    async def pull() -> PageWork | None:
        return works.pop(0) if works else None

    plan = CrawlPlan(site=site, options=CrawlOptions(parallel=1, respect_robots=False, **options))
    return [event async for event in crawl(browser, plan, pull, first=False)]


async def test_a_crawl_visits_pages_as_the_role_of_each(browser: Browser) -> None:
    with members() as (site, _):
        asked = [("visitor", "/account"), ("account", "/account"), ("editor", "/edit"), ("account", "/edit")]
        works = [
            PageWork(page=number, url=f"{site.url}{path}", depth=1, role=role)
            for number, (role, path) in enumerate(asked)
        ]
        events = await visited(browser, staffed(site), works, roles=("visitor", "account", "editor"))
    seen = {event.page: event for event in events if isinstance(event, PageVisited)}
    assert [(seen[n].snapshot.role, seen[n].snapshot.path, seen[n].snapshot.signed_in) for n in range(3)] == [
        ("", "/sign-in", False),
        ("account", "/account", True),
        ("editor", "/edit", True),
    ]
    [failure] = [event for event in events if isinstance(event, PageFailed)]
    assert (failure.page, failure.status) == (3, 403)


async def test_a_role_that_cannot_sign_in_blocks_its_own_pages_only(browser: Browser) -> None:
    wrong = {"editor": credentials("eva", password=SecretStr("wrong"))}
    with members() as (site, _):
        works = [PageWork(page=n, url=site.url, depth=0, role=role) for n, role in enumerate(("visitor", "editor"))]
        events = await visited(browser, staffed(site, profiles=wrong), works, roles=("visitor", "editor"))
    [failure] = [event for event in events if isinstance(event, PageFailed)]
    assert (failure.page, failure.category) == (1, "sign_in")
    assert "was not opened as editor: The site did not accept the credentials" in failure.message
    assert [event.page for event in events if isinstance(event, PageVisited)] == [0]


async def test_a_crawl_tries_to_sign_in_again_where_the_site_was_only_broken(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.engine.browser.accounts.PAUSES", (0.0, 0.0, 0.0))
    with members() as (site, gate):
        answers = [Answer("<h1>Too busy</h1>", 503)] * 3

        def entrance(asked: Asked) -> str | Answer:
            return answers.pop() if answers else gate.sign_in(asked)

        site.answers["/sign-in"] = entrance
        events = await visited(browser, staffed(site), [PageWork(page=1, url=f"{site.url}/account", depth=0)])
    seen = [(event.snapshot.path, event.snapshot.signed_in) for event in events if isinstance(event, PageVisited)]
    assert (seen, gate.made) == ([("/account", True)], 1)
    assert not [event for event in events if isinstance(event, WithoutAccount)]


async def test_a_crawl_says_that_it_goes_on_without_its_account_and_asks_but_once(browser: Browser) -> None:
    wrong = credentials("ali", password=SecretStr("wrong"))
    with members() as (site, _):
        works = [PageWork(page=1, url=f"{site.url}/", depth=0)]
        events = await visited(browser, staffed(site, credentials=wrong), works)
    assert [type(event) for event in events] == [WithoutAccount, Log, PageVisited]
    assert [asked.method for asked in site.asked].count("POST") == 1


async def test_a_sign_in_is_given_the_time_that_pages_are_given(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.engine.browser.signin.STEP_MS", 150)
    with members() as (site, gate):

        def slow(asked: Asked) -> str | Answer:
            time.sleep(0.6)
            return gate.sign_in(asked)

        site.answers["/sign-in"] = slow
        with pytest.raises(SignInFailed) as failure:
            await sign_in(browser, staffed(site), BrowserOptions())
        assert failure.value.passing
        session = await sign_in(browser, staffed(site), CrawlOptions(page_timeout_ms=60_000))
    assert session is not None
    assert gate.made == 1


async def test_what_a_page_leaves_in_the_browser_does_not_show_on_the_next_one(browser: Browser) -> None:
    def shown(asked: Asked) -> Answer:
        viewed = "viewed=" in asked.headers.get("cookie", "")
        return Answer(f"<h1>{'Viewed' if viewed else 'First'}</h1>", headers={"Set-Cookie": "viewed=1; Path=/"})

    with members() as (site, gate):
        site.answers |= {"/p1": shown, "/p2": shown}
        for account in (credentials("ali"), None):
            works = [PageWork(page=n, url=f"{site.url}{path}", depth=1) for n, path in enumerate(("/p1", "/p2", "/"))]
            events = await visited(browser, staffed(site, credentials=account), works)
            seen = [event.snapshot for event in events if isinstance(event, PageVisited)]
            assert [one.headings[0].text for one in seen] == ["First", "First", "Shop"]
            assert [one.name for one in seen[2].actions] == ["ali" if account else "Sign in"]
    assert gate.made == 1


async def test_a_crawl_signs_in_again_where_a_page_has_become_the_sign_in_page(browser: Browser) -> None:
    with members() as (site, gate):
        paths = ["/account", "/sign-out", "/orders"]
        works = [PageWork(page=number, url=f"{site.url}{path}", depth=1) for number, path in enumerate(paths)]
        events = await visited(browser, staffed(site), works)
    seen = {event.page: event.snapshot.path for event in events if isinstance(event, PageVisited)}
    assert seen == dict(enumerate(paths))
    assert gate.made == 2


async def test_a_state_that_an_ended_session_cannot_reach_is_reached_with_a_new_one(browser: Browser) -> None:
    missing, another = ({"do": "click", "target": target} for target in ({"role": "link", "name": "ali"}, {"css": "a"}))
    with members() as (site, gate):
        works = [
            PageWork(page=0, url=f"{site.url}/sign-out", depth=1),
            PageWork(page=1, url=site.url, depth=1, path=(missing,)),
            PageWork(page=2, url=f"{site.url}/sign-out", depth=1),
            PageWork(page=3, url=site.url, depth=1, path=(another,)),
        ]
        events = await visited(browser, staffed(site), works, mode="states", action_timeout_ms=1_000)
    seen = {event.page: event.snapshot.path for event in events if isinstance(event, PageVisited)}
    assert seen == {0: "/sign-out", 1: "/account", 2: "/sign-out", 3: "/account"}
    assert gate.made == 3


async def test_what_a_database_of_the_browser_keeps_opens_a_session_as_well(browser: Browser) -> None:
    stores = """async () => {
      const asked = indexedDB.open("auth");
      asked.onupgradeneeded = () => asked.result.createObjectStore("kept");
      await new Promise(done => asked.onsuccess = done);
      const put = asked.result.transaction("kept", "readwrite");
      put.objectStore("kept").put({access: "plain-token-0123456789", about: "A text that a page shows"}, 1);
      put.objectStore("kept").put({at: new Date(), longNameOfSomething: {refresh: "dated-token-0123456789"}}, 2);
      await new Promise(done => put.oncomplete = done);
    }"""
    with pages({"/": "<h1>Shop</h1>"}) as site:
        context = await browser.context(BrowserOptions(), Site(base_url=site.url))
        page = await context.new_page()
        await page.goto(site.url)
        await page.evaluate(stores)
        state = dict(await context.storage_state(indexed_db=True))
        await context.close()
    found = set(keys_of(state))
    assert {"plain-token-0123456789", "dated-token-0123456789"} <= found
    assert not {"A text that a page shows", "longNameOfSomething"} & found
