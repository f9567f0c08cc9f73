import asyncio
import contextlib
import os
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psutil
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright
from pydantic import SecretStr, ValidationError

from runs.engine.browser import Browser, BrowserUnavailable, SignInFailed, settle, sign_in, watch
from runs.engine.netguard import Blocked, Guard
from runs.engine.plan import DEVICES, BrowserOptions, Credentials, Site
from tests.engine.pages import Answer, Answers, Asked, Pages, pages
from tests.held import Held

PLAIN = BrowserOptions()


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser() as browser:
        yield browser


@pytest.fixture
def elsewhere() -> Iterator[Pages]:
    with pages({"/": "<h1>Elsewhere</h1>", "/data": Answer("{}", type="application/json")}) as site:
        yield site


def other_name(site: Pages) -> str:
    """The same server under a host that is not the site's."""
    return site.url.replace("127.0.0.1", "localhost")


async def test_a_context_looks_like_the_options_say(browser: Browser) -> None:
    options = BrowserOptions(device="iPhone 13", locale="de-DE", timezone_id="Europe/Berlin")
    with pages({"/": "<h1>Hallo</h1>"}) as site:
        context = await browser.context(options, Site(base_url=site.url))
        page = await context.new_page()
        await page.goto(site.url)
        seen = await page.evaluate(
            "[screen.width, navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone, navigator.userAgent]"
        )
        await context.close()
    assert seen[:3] == [390, "de-DE", "Europe/Berlin"]
    assert "iPhone" in seen[3]
    assert browser.version[0].isdigit()


async def test_the_devices_that_options_may_name_are_those_that_the_driver_knows() -> None:
    async with async_playwright() as playwright:
        assert frozenset(playwright.devices) == DEVICES


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"browser": "webkit"}, "no worker can have webkit in this version; use chromium"),
        ({"device": "Nokia 3310"}, "'Nokia 3310' is not a known device"),
        ({"device": "iphone 13"}, "one that is known is 'iPhone 13'"),
        ({"timezone_id": "Mars/Base"}, "'Mars/Base' is not a known time zone"),
    ],
)
async def test_what_is_not_to_be_had_is_said_before_anything_is_started(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        BrowserOptions(**options)


async def test_a_program_that_is_no_browser_is_said_in_one_sentence() -> None:
    with pytest.raises(BrowserUnavailable, match="/bin/false could not be started"):
        async with Browser("/bin/false"):
            pass


async def test_other_ports_of_the_host_are_blocked_and_the_site_is_not(elsewhere: Pages) -> None:
    frame = f'<h1>Shop</h1><iframe src="{elsewhere.url}/"></iframe>'
    away = Answer("", 302, {"Location": f"{elsewhere.url}/"})
    with pages({"/": frame, "/away": away}) as site:
        async with Browser(guard=Guard.allowing(site.url.removeprefix("http://"))) as browser:
            await _stays_at_home(browser, site, elsewhere)
    assert elsewhere.asked == []


async def _stays_at_home(browser: Browser, site: Pages, elsewhere: Pages) -> None:
    context = await browser.context(PLAIN, Site(base_url=site.url))
    page = await context.new_page()
    seen = watch(page)
    await page.goto(site.url)
    assert await page.get_by_role("heading", name="Shop").is_visible()
    await page.goto(f"{site.url}/away")
    assert "private address" in await page.inner_text("body")
    socket = "url => new Promise(r => { const s = new WebSocket(url); s.onopen = s.onerror = e => r(e.type) })"
    await page.goto(site.url)
    assert await page.evaluate(socket, elsewhere.url.replace("http", "ws")) == "error"
    answer = await context.request.get(f"{site.url}/away", fail_on_status_code=False)
    assert answer.status == 403
    await context.close()
    assert any("→ 403" in failed for failed in seen.failed_requests)


async def test_other_private_hosts_are_reached_when_they_are_listed(browser: Browser, elsewhere: Pages) -> None:
    with pages({"/": f'<h1>Shop</h1><iframe src="{other_name(elsewhere)}/"></iframe>'}) as site:
        context = await browser.context(PLAIN, Site(base_url=site.url))
        page = await context.new_page()
        await page.goto(site.url)
        assert await page.frame_locator("iframe").get_by_role("heading").inner_text() == "Elsewhere"
        blocked = await page.goto("http://169.254.169.254/latest/meta-data/")
        assert blocked is not None
        assert blocked.status == 403
        await context.close()
    assert elsewhere.paths() == ["/"]


async def test_metadata_is_no_site(browser: Browser) -> None:
    with pytest.raises(Blocked, match="cloud metadata"):
        await browser.context(PLAIN, Site(base_url="http://169.254.169.254"))


async def test_read_only_blocks_what_writes(browser: Browser) -> None:
    with pages({"/": "<h1>Shop</h1>", "/data": "ok"}) as site:
        context = await browser.context(PLAIN, Site(base_url=site.url), read_only=True)
        page = await context.new_page()
        await page.goto(site.url)
        send = "method => fetch('/data', {method}).then(r => r.status, () => 'blocked')"
        answers = [await page.evaluate(send, method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")]
        await context.close()
    assert answers == [200, "blocked", "blocked", "blocked", "blocked"]
    assert [asked.method for asked in site.asked if asked.path == "/data"] == ["GET"]


async def test_site_headers_go_to_the_site_over_redirects_and_to_nobody_else(
    browser: Browser, elsewhere: Pages
) -> None:
    home = f"<script>fetch('/data'); fetch('{other_name(elsewhere)}/data', {{mode: 'no-cors'}})</script>"
    answers: Answers = {
        "/": home,
        "/data": "ok",
        "/moved": Answer("", 302, {"Location": "/data"}),
        "/away": Answer("", 302, {"Location": f"{other_name(elsewhere)}/"}),
    }
    with pages(answers) as site:
        where = Site(base_url=site.url, headers={"X-Preview": "open-sesame"})
        context = await browser.context(PLAIN, where)
        page = await context.new_page()
        for path in ("/", "/moved", "/away"):
            await page.goto(f"{site.url}{path}", wait_until="networkidle")
        await context.close()
    assert {asked.path: asked.headers.get("x-preview") for asked in site.asked} == dict.fromkeys(
        ("/", "/data", "/moved", "/away"), "open-sesame"
    )
    assert {asked.path: asked.headers.get("x-preview") for asked in elsewhere.asked} == {"/": None, "/data": None}


def children(name: str) -> list[psutil.Process]:
    """Living descendants that run a program; a dead one that nobody has buried yet has no command line."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if name in " ".join(process.cmdline()[:2]):
                found.append(process)
    return found


@pytest.mark.parametrize("victim", ["chromium", "driver/node"])
async def test_a_dead_browser_or_driver_is_started_again_with_the_next_context(browser_path: str, victim: str) -> None:
    name = os.path.basename(browser_path) if victim == "chromium" else victim  # noqa: PTH119
    with pages({"/": "<h1>Shop</h1>"}) as site:
        where = Site(base_url=site.url)
        others = {process.pid for process in children(name)}
        async with Browser() as browser:
            await (await browser.context(PLAIN, where)).close()
            victims = [process for process in children(name) if process.pid not in others]
            victims[0].kill()
            opened = await asyncio.gather(*[browser.context(PLAIN, where) for _ in range(3)])
            page = await opened[0].new_page()
            answer = await page.goto(site.url)
            assert answer is not None
            assert answer.ok
    assert {process.pid for process in children(name)} == others


async def test_a_watch_keeps_errors_and_failed_requests_apart(browser: Browser) -> None:
    home = """<h1>Shop</h1><img src="/gone.png"><script>
      console.error('cart is broken'); console.warn('only a warning');
      setTimeout(() => { throw new TypeError('no price') });
      fetch('/api').then(() => document.title = 'done')</script>"""
    with pages({"/": home, "/api": Answer("{}", 500)}) as site:
        context = await browser.context(PLAIN, Site(base_url=site.url))
        page = await context.new_page()
        seen = watch(page)
        await page.goto(site.url)
        await settle(page, 5_000)
        await context.close()
    assert sorted(seen.console_errors) == ["Uncaught TypeError: no price", "cart is broken"]
    assert sorted(seen.failed_requests) == [f"GET {site.url}/api → 500", f"GET {site.url}/gone.png → 404"]
    assert {request["url"].removeprefix(site.url): request["status"] for request in seen.requests} == {
        "/": 200,
        "/gone.png": 404,
        "/api": 500,
    }


async def test_a_watch_says_how_long_each_request_took(browser: Browser) -> None:
    def slow(asked: Asked) -> str:
        time.sleep(0.3)
        return "{}"

    with pages({"/": "<h1>Shop</h1><script>fetch('/slow')</script>", "/slow": slow}) as site:
        context = await browser.context(PLAIN, Site(base_url=site.url))
        page = await context.new_page()
        seen = watch(page)
        await page.goto(site.url)
        await settle(page, 5_000)
        await context.close()
    took = {request["url"].removeprefix(site.url): request["duration_ms"] for request in seen.requests}
    assert took["/"] >= 0
    assert took["/slow"] >= 290


async def test_settle_waits_for_what_a_request_brings_and_not_for_a_long_poll(
    browser: Browser, limits: list[asyncio.Timeout]
) -> None:
    poll = Held()

    def slow(asked: Asked) -> str:
        poll.wait()
        return "late"

    def soon(asked: Asked) -> Answer:
        time.sleep(0.4)
        return Answer('"Blue mug"', type="application/json")

    home = """<ul></ul><script>fetch('/poll'); fetch('/soon').then(r => r.json()).then(name => setTimeout(() =>
      document.querySelector('ul').innerHTML = `<li>${name}</li>`, 60))</script>"""
    with pages({"/": home, "/poll": slow, "/soon": soon}) as site:
        context = await browser.context(PLAIN, Site(base_url=site.url))
        page = await context.new_page()
        watch(page)
        await page.goto(site.url)
        await settle(page, 60_000)
        assert await page.locator("li").all_inner_texts() == ["Blue mug"]
        assert poll.is_held
        poll.release()
        await context.close()
    assert [limit.expired() for limit in limits] == [False]


async def test_settle_waits_for_handlers_in_a_page_without_scripts(browser: Browser) -> None:
    home = """<button onclick="setTimeout(() => { this.textContent = 'Saved' }, 90)">Save</button>"""
    with pages({"/": home}) as site:
        context = await browser.context(PLAIN, Site(base_url=site.url))
        page = await context.new_page()
        watch(page)
        await page.goto(site.url)
        await page.click("button")
        await settle(page, 5_000)
        assert await page.inner_text("button") == "Saved"
        await context.close()


async def test_settle_gives_up_on_a_page_that_never_rests(browser: Browser, limits: list[asyncio.Timeout]) -> None:
    home = "<p></p><script>setInterval(() => document.querySelector('p').textContent = performance.now(), 20)</script>"
    with pages({"/": home, "/still": "<h1>Still</h1>"}) as site:
        context = await browser.context(PLAIN, Site(base_url=site.url))
        page = await context.new_page()
        await page.goto(site.url)
        started = time.monotonic()
        await settle(page, 600)
        assert time.monotonic() - started > 0.5
        assert [limit.expired() for limit in limits] == [True]
        await context.close()


SIGN_IN = """<h1>Sign in</h1>{said}<form method="post" action="/enter">
  <label>Search <input name="q"></label>
  <label>E-mail <input name="who" type="email"></label><label>Secret <input name="pass" type="password"></label>
  <button type="button">Show</button><button>Sign in</button></form>"""


def gate(asked: Asked) -> Answer:
    if b"pass=open-sesame" in asked.body and b"who=ali%40example.com" in asked.body:
        return Answer("", 303, {"Location": "/home", "Set-Cookie": "member=ali; Path=/"})
    return Answer(SIGN_IN.format(said='<p role="alert">Wrong e-mail or password</p>'))


STEPWISE = """<h1>Account</h1><form onsubmit="return false"><label>Username <input autocomplete="username"></label>
  <button>Next</button></form><script>if (localStorage.member) document.body.innerHTML = '<h1>Welcome</h1>'; else
  document.querySelector('form').onsubmit = e => { e.preventDefault(); e.target.innerHTML =
    '<input type=password aria-label=Password><button>Log in</button>';
    e.target.onsubmit = f => { f.preventDefault(); localStorage.member = 'ali';
      document.body.innerHTML = '<h1>Welcome</h1>' } }</script>"""
DIALOG = """<h1>Shop</h1><button onclick="document.querySelector('dialog').showModal()">Log in</button>
  <dialog><form method="post" action="/enter"><label>User <input name="who"></label>
  <label>Password <input name="pass" type="password"></label><button>Log in</button></form></dialog>"""
MENU = '<h1>Shop</h1><details><summary>Menu</summary><a href="/enter">Log in</a></details>'
SHOP: dict[str, str | Answer] = {"/home": "<h1>Welcome</h1>"}


def site_with_account(site: Pages, password: str = "open-sesame", login_url: str | None = None) -> Site:
    account = Credentials(username="ali@example.com", password=SecretStr(password), login_url=login_url)
    return Site(base_url=site.url, credentials=account)


@pytest.mark.parametrize(
    "answers",
    [
        {"/": '<h1>Shop</h1><a href="/enter">Sign in</a>', "/enter": SIGN_IN.format(said="")},
        {"/": "<h1>Shop</h1>", "/login": SIGN_IN.format(said="")},
        {"/": DIALOG},
        {
            "/": '<details><summary>Menu</summary><a href="/enter">Log in</a></details>',
            "/enter": SIGN_IN.format(said=""),
        },
    ],
    ids=["a link leads to it", "a usual path has it", "a dialog holds it", "a closed menu links to it"],
)
async def test_signing_in_finds_the_form_by_itself(browser: Browser, answers: dict[str, str]) -> None:
    def enter(asked: Asked) -> str | Answer:
        return gate(asked) if asked.method == "POST" else answers.get("/enter", "")

    with pages({**SHOP, **answers, "/enter": enter}) as site:
        session = await sign_in(browser, site_with_account(site), PLAIN)
    assert session is not None
    assert [(cookie["name"], cookie["value"]) for cookie in session.state["cookies"]] == [("member", "ali")]


async def test_signing_in_goes_through_a_form_that_asks_for_the_name_first(browser: Browser) -> None:
    with pages({"/account": STEPWISE}) as site:
        session = await sign_in(browser, site_with_account(site, login_url="/account"), PLAIN)
    assert session is not None
    assert session.state["origins"][0]["localStorage"] == [{"name": "member", "value": "ali"}]


@pytest.mark.parametrize(
    ("answers", "login_url", "sentence"),
    [
        ({"/enter": gate}, "/enter", "did not accept the credentials: it says “Wrong e-mail or password”"),
        ({"/": "<h1>Shop</h1>"}, None, "No sign-in form was found"),
        ({"/in": Answer("oops", 503)}, "/in", "answered 503"),
        ({"/in": "<h1>Nothing</h1>"}, "/in", "No password field was found"),
        ({}, "http://10.0.0.1/in", "private address"),
    ],
)
async def test_a_sign_in_that_fails_says_why(
    browser: Browser, answers: dict[str, str | Answer], login_url: str | None, sentence: str
) -> None:
    with pages(dict(answers)) as site, pytest.raises(SignInFailed, match=sentence):
        await sign_in(browser, site_with_account(site, "wrong", login_url), PLAIN)


async def test_signing_in_needs_credentials(browser: Browser) -> None:
    with pytest.raises(SignInFailed, match="no credentials"):
        await sign_in(browser, Site(base_url="http://127.0.0.1:9"), PLAIN)
