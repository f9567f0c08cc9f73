from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from runs.engine.browser import Browser, Error, Page
from runs.engine.browser.find import Executable
from runs.engine.crawl import crawl
from runs.engine.crawl.snapshot import ShownPage, look
from runs.engine.events import Event, PageFailed, PageVisited, Wrote
from runs.engine.plan import CrawlOptions, CrawlPlan, Credentials, PageWork, Site
from tests.engine.crawl.awkward_site import Asked, awkward_site
from tests.engine.crawl.frontier_rows import Rows, crawl_all
from tests.site.server import serve

pytestmark = pytest.mark.browser

TRUTH: dict[str, Any] = json.loads(Path("tests/site/truth.json").read_text(encoding="utf-8"))


@pytest.fixture
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser() as one:
        yield one


def plan_of(base_url: str, credentials: Credentials | None = None, **options: Any) -> CrawlPlan:
    site = Site(base_url=base_url, credentials=credentials)
    return CrawlPlan(site=site, options=CrawlOptions.model_validate({"parallel": 3, **options}))


async def visit_only(browser: Browser, plan: CrawlPlan, *urls: str) -> list[Event]:
    """The events of these addresses, without robots and sitemap."""
    works = [PageWork(page=number, url=url, depth=1) for number, url in enumerate(urls, 1)]

    async def pull() -> PageWork | None:
        return works.pop(0) if works else None

    plan = plan.model_copy(update={"options": plan.options.model_copy(update={"respect_robots": False})})
    return [event async for event in crawl(browser, plan, pull, first=False)]


async def failure_of(browser: Browser, url: str) -> PageFailed:
    [event] = await visit_only(browser, plan_of(url), url)
    assert isinstance(event, PageFailed)
    return event


async def test_a_crawl_of_an_awkward_site_ends_and_each_page_has_its_outcome(browser: Browser) -> None:
    with awkward_site() as (base, asked):
        rows = await crawl_all(browser, plan_of(base, page_timeout_ms=2500, parallel=4))
    assert not [row for row in rows.rows.values() if row.status in ("pending", "running")]
    outcomes = {path: (failure.category, failure.status) for path, failure in rows.failed.items()}
    assert outcomes == {
        "/gone": ("http_error", 404),
        "/crash": ("http_error", 404),
        "/boom": ("http_error", 500),
        "/drip": ("timeout", None),
        "/spin": ("timeout", None),
        "/file": ("not_a_page", None),
        "/data": ("not_a_page", 200),
        "/nothing": ("not_a_page", None),
        "/away": ("not_a_page", None),
        "/private/x": ("blocked", None),
    }
    assert {"/", "/app", "/app#/settings", "/app#/item/1", "/dialog", "/popup", "/stays", "/noisy", "/here"} <= set(
        rows.done
    )
    assert "/only-in-sitemap" in rows.done
    assert not any(path.startswith(("/private/", "/logout", "/item/9?")) for path in asked)


async def test_what_a_page_says_meanwhile_is_in_its_snapshot(browser: Browser) -> None:
    with awkward_site() as (base, _):
        events = await visit_only(browser, plan_of(base, parallel=1), f"{base}noisy", f"{base}app#/settings")
        wrote, noisy, app = events
        assert wrote == Wrote("POST", f"{base}api/fails", 500, False, "Open the page", 1)
        assert isinstance(noisy, PageVisited)
        assert isinstance(app, PageVisited)
    assert noisy.snapshot.console_errors == ("Oh no", "Uncaught Error: Broken")
    assert any("missing.png → 404" in line for line in noisy.snapshot.failed_requests)
    [call] = noisy.snapshot.requests
    assert (call["method"], call["path"], call["status"]) == ("POST", "/api/fails", 500)
    assert not app.snapshot.console_errors, "a page is not blamed for the one before it"
    assert [heading.text for heading in app.snapshot.headings] == ["Route /settings"]
    assert [call["url"] for call in app.snapshot.requests] == [f"{base}api/items?route=%2Fsettings"]
    assert {link.key for link in app.links} == {f"{base}app#/item/1", f"{base}app#/item/2"}


async def test_client_rendered_pages_are_waited_for_each_time(browser: Browser) -> None:
    with awkward_site() as (base, _):
        routes = [f"{base}app#/route/{name}" for name in "abcdefgh"]
        events = await visit_only(browser, plan_of(base, parallel=1), *routes)
    headings = [event.snapshot.headings[0].text for event in events if isinstance(event, PageVisited)]
    assert headings == [f"Route /route/{name}" for name in "abcdefgh"]


async def test_an_application_that_starts_slowly_is_waited_for(browser: Browser) -> None:
    with awkward_site() as (base, _):
        [event] = await visit_only(browser, plan_of(base), f"{base}late")
    assert isinstance(event, PageVisited)
    assert [heading.text for heading in event.snapshot.headings] == ["At last"]


async def test_a_redirect_is_reported_at_the_page_it_leads_to(browser: Browser) -> None:
    with awkward_site() as (base, _):
        [event] = await visit_only(browser, plan_of(base), f"{base}moved?utm_source=x")
    assert isinstance(event, PageVisited)
    assert (event.final_url, event.final_key) == (f"{base}here", f"{base}here")


async def test_robots_are_read_by_every_shard_but_seeds_come_from_the_first(browser: Browser) -> None:
    with awkward_site() as (base, asked):
        works = [PageWork(page=1, url=f"{base}private/x", depth=1)]

        async def pull() -> PageWork | None:
            return works.pop() if works else None

        events = [event async for event in crawl(browser, plan_of(base), pull, first=False)]
        assert "/map.xml.gz" not in asked
        ignoring = plan_of(base, respect_robots=False)
        [boldly] = await visit_only(browser, ignoring, f"{base}private/x")
    [refused] = events
    assert isinstance(refused, PageFailed)
    assert refused.category == "blocked"
    assert "robots.txt" in refused.message
    assert isinstance(boldly, PageVisited)


async def test_a_refused_connection_is_said_in_plain_words(browser: Browser) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    failure = await failure_of(browser, f"http://127.0.0.1:{port}/")
    assert failure.category == "refused"
    assert failure.message == f"127.0.0.1:{port} refused the connection; is the application running?"


async def test_a_site_that_is_not_there_is_reported_once(browser: Browser) -> None:
    rows = await crawl_all(browser, plan_of("http://127.0.0.1:9/"))
    assert [failure.category for failure in rows.failed.values()] == ["refused"]
    assert rows.logs == []


async def test_a_refused_connection_on_a_port_that_browsers_avoid_is_said_too(browser: Browser) -> None:
    assert (await failure_of(browser, "http://127.0.0.1:9/")).category == "refused"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_unknown_host_is_said_in_plain_words(browser: Browser, scheme: str) -> None:
    url = f"{scheme}://no-such-host.invalid/"
    [event] = await visit_only(browser, plan_of(url), url)
    assert isinstance(event, PageFailed)
    assert event.category == "dns"
    assert "no-such-host.invalid" in event.message


async def test_plain_http_behind_https_is_a_problem_of_encryption(browser: Browser) -> None:
    with awkward_site() as (base, _):
        failure = await failure_of(browser, base.replace("http://", "https://"))
    assert failure.category == "tls"


async def test_a_crashed_tab_costs_one_page_only(browser: Browser) -> None:
    async def crash_the_tab(asked: Asked) -> None:
        await asyncio.to_thread(asked.dripping.wait, 10)
        assert browser._chromium is not None
        [page] = browser._chromium.contexts[0].pages
        # Before the document is there, it would be the empty tab that crashes, and the page be opened in another one.
        await page.wait_for_url("**/drip", wait_until="commit")
        session = await page.context.new_cdp_session(page)
        with contextlib.suppress(Error):
            await session.send("Page.crash")

    with awkward_site() as (base, asked):
        crashing = asyncio.ensure_future(crash_the_tab(asked))
        plan = plan_of(base, parallel=1, page_timeout_ms=20_000)
        crash, fine = await visit_only(browser, plan, f"{base}drip", f"{base}here")
        await crashing
    assert isinstance(crash, PageFailed)
    assert crash.category == "crash"
    assert isinstance(fine, PageVisited)


async def test_a_page_that_replaces_what_scripts_are_written_with_is_read_all_the_same(browser: Browser) -> None:
    with awkward_site() as (base, _):
        [twisted] = await visit_only(browser, plan_of(base, parallel=1), f"{base}twisted")
    assert isinstance(twisted, PageVisited)


async def test_a_page_that_cannot_be_read_costs_one_page_only(
    browser: Browser, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(page: Page) -> ShownPage:
        if page.url.endswith("twisted"):
            raise ValueError("twisted")
        return await look(page)

    monkeypatch.setattr("runs.engine.crawl.page_visit.look", breaks)
    with awkward_site() as (base, _):
        twisted, fine = await visit_only(browser, plan_of(base, parallel=1), f"{base}twisted", f"{base}here")
    assert isinstance(twisted, PageFailed)
    assert twisted.category == "crash"
    assert twisted.message.startswith(f"Sentri broke while it read {base}twisted: ValueError: twisted")
    assert [record.exc_info is not None for record in caplog.records if "twisted" in record.getMessage()] == [True]
    assert isinstance(fine, PageVisited)


async def test_a_redirect_to_another_site_is_not_followed(browser: Browser) -> None:
    with awkward_site() as (base, _):
        [event] = await visit_only(browser, plan_of(base), f"{base}away")
    assert isinstance(event, PageFailed)
    assert event.category == "not_a_page"
    assert "localhost" in event.message


async def test_closing_a_crawl_closes_its_contexts_at_once(browser: Browser, unhurried_stop: None) -> None:
    with awkward_site() as (base, _):
        rows = Rows(base, CrawlOptions(parallel=3, page_timeout_ms=120_000))
        stream = crawl(browser, plan_of(base, page_timeout_ms=120_000), rows.pull, first=True)
        async for event in stream:
            await rows.record(event)
            if isinstance(event, PageVisited):
                break
        await stream.aclose()
    assert browser._chromium is not None
    assert browser._chromium.contexts == []


async def test_what_pull_raises_comes_out(browser: Browser) -> None:
    async def pull() -> PageWork | None:
        raise LookupError("the lease is lost")

    with awkward_site() as (base, _), pytest.raises(LookupError, match="the lease is lost"):
        async for _event in crawl(browser, plan_of(base), pull, first=False):
            pass


async def test_a_killed_browser_costs_no_page(browser: Browser, browser_executable: Executable) -> None:
    with awkward_site() as (base, _):
        works = [PageWork(page=number, url=f"{base}item/{number}", depth=1) for number in range(1, 5)]

        async def pull() -> PageWork | None:
            if len(works) == 2 and browser._chromium is not None:
                await browser._chromium.close()
            await asyncio.sleep(0)
            return works.pop() if works else None

        plan = plan_of(base, parallel=1, respect_robots=False)
        events = [event async for event in crawl(browser, plan, pull, first=False)]
    assert [type(event) for event in events] == [PageVisited] * 4


async def test_the_demo_shop_is_found_whole_and_left_untouched(browser: Browser) -> None:
    with serve() as base:
        credentials = Credentials(username="demo@example.com", password=SecretStr("demo-pass-1"))
        rows = await crawl_all(browser, plan_of(f"{base}/", credentials, max_pages=60))
        async with httpx.AsyncClient() as client:
            touched = (await client.get(f"{base}/__touched__")).json()
    paths = {url.partition("?")[0].partition("#")[0] for url in rows.done}
    # Only a visitor who fills in forms gets there; robots.txt forbids the private page.
    expected = [one for one in TRUTH["templates"] if not {"cart", "contact"}.intersection(one.get("needs", ()))]
    missed = [one["name"] for one in expected if not any(re.search(one["pattern"], path) for path in paths)]
    assert missed == ["private"]
    assert not any(touched.values())
