"""Answers that fill memory, in a real browser and its driver: read up to a bound in bytes, and told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from runs.engine.browser import Browser, Response, heard, listen, watch
from runs.engine.crawl.seeds import read_welcome
from runs.engine.events import Failure
from runs.engine.generate.case_visit import Visits
from runs.engine.generate.openapi.finding import described
from runs.engine.plan import BrowserOptions, CrawlOptions, CrawlPlan, RunOptions, ShardPlan, Site
from runs.engine.prove.mutations.base import MutationEffect
from runs.engine.prove.mutations.emptied_api import EmptiedApi
from runs.engine.prove.touched import Recorder, TouchedCall
from tests.engine.executing import attempts, played, work
from tests.hostile.speaking import BOMBS, HEAD, Said, answer, bomb, bounded, endless, packed, speaking

pytestmark = pytest.mark.browser

# 20 MB are read of one answer. The driver has them in pieces, in one and once more as text.
MOST_MEGABYTES = 250
FILLING: dict[str, tuple[Said, str]] = {
    **{name: (bomb(name), "the answer unpacks to more than 20 MB") for name in BOMBS},
    "endless": (endless(), "the answer is larger than 20 MB"),
}
PAGE = answer("<!doctype html><title>Shop</title><h1>Shop</h1>", "Content-Type: text/html")


@pytest.fixture
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as one:
        yield one


async def failure_of(browser: Browser, url: str, tmp_path: Path, **document: Any) -> Failure:
    plan = ShardPlan(
        site=Site(base_url=url), options=RunOptions(timeout_ms=20_000, retries=0, trace="off"), artifacts=str(tmp_path)
    )
    ask = {"do": "request", "path": "/bomb", "expect": {"status": 200}}
    [ended] = attempts(await played(browser, plan, work(ask, more=document)))
    assert ended.failure is not None
    return ended.failure


def plan_of(url: str) -> CrawlPlan:
    return CrawlPlan(site=Site(base_url=url), options=CrawlOptions())


@pytest.mark.parametrize(("said", "sentence"), FILLING.values(), ids=FILLING)
async def test_an_answer_that_fills_memory_fails_the_step_in_one_sentence(
    said: Said, sentence: str, browser: Browser, tmp_path: Path
) -> None:
    with speaking({"/": PAGE, "/bomb": said}) as site, bounded(browser, MOST_MEGABYTES):
        failure = await failure_of(browser, site.url, tmp_path, kind="api")
    assert (failure.kind, failure.message) == ("navigation", f"GET /bomb is not read: {sentence}")


async def test_the_same_holds_for_requests_with_the_cookies_of_a_page(browser: Browser, tmp_path: Path) -> None:
    with speaking({"/": PAGE, "/bomb": bomb("gzip")}) as site, bounded(browser, MOST_MEGABYTES):
        failure = await failure_of(browser, site.url, tmp_path, kind="ui", start="/")
    assert failure.message == "GET /bomb is not read: the answer unpacks to more than 20 MB"


async def test_twenty_megabytes_are_read(browser: Browser) -> None:
    with speaking({"/": answer(packed(20), "Content-Encoding: gzip")}) as site:
        requests = await browser.requests(Site(base_url=site.url))
        answered = await requests.get(site.url)
        assert await answered.body() == b" " * 20_000_000
        await requests.dispose()


async def test_robots_and_sitemaps_that_fill_memory_are_told_and_the_crawl_goes_on(browser: Browser) -> None:
    with speaking({"/": bomb("gzip", "text/plain")}) as site, bounded(browser, MOST_MEGABYTES):
        welcome = await read_welcome(browser, plan_of(site.url), sitemaps=True)
    assert welcome.robots.allows(f"{site.url}/any")
    assert welcome.trouble == (
        f"{site.url}/robots.txt is not read: the answer unpacks to more than 20 MB; "
        "the crawl goes on as if it allowed everything."
    )
    assert welcome.unread == (
        f"The sitemap {site.url}/sitemap.xml is not read: the answer unpacks to more than 20 MB.",
    )


async def test_sitemaps_are_read_one_after_the_other(browser: Browser) -> None:
    listed = "".join(f"<sitemap><loc>/s{number}.xml</loc></sitemap>" for number in range(5))
    index = answer(f"<sitemapindex>{listed}</sitemapindex>")
    begun = []

    def one() -> Iterator[bytes]:
        begun.append("begun")
        yield HEAD + b"Content-Length: 2\r\n\r\n-"
        begun.append("ended")
        yield b"-"

    with speaking({"/": one, "/robots.txt": answer(""), "/sitemap.xml": index}) as site:
        welcome = await read_welcome(browser, plan_of(site.url), sitemaps=True)
    assert begun == ["begun", "ended"] * 5
    assert welcome.unread == ()


@pytest.mark.parametrize("options", [CrawlOptions(), CrawlOptions(openapi="/openapi.json")], ids=["found", "told"])
async def test_a_description_of_an_api_that_fills_memory_is_told(options: CrawlOptions, browser: Browser) -> None:
    absent = answer("", status="404 Not Found")
    with speaking({"/": absent, "/openapi.json": bomb("br")}) as site, bounded(browser, MOST_MEGABYTES):
        plan = CrawlPlan(site=Site(base_url=site.url), options=options)
        operations, [log] = await described(Visits(browser, plan), [])
    assert operations == []
    sentence = "The API description at /openapi.json cannot be used: the answer unpacks to more than 20 MB."
    assert (log.level, log.message) == ("warning", sentence)


async def test_an_answer_that_is_to_be_broken_and_fills_memory_goes_its_way_unbroken(browser: Browser) -> None:
    large = answer(packed(30), "Content-Encoding: gzip", "Content-Type: application/json")
    with speaking({"/": PAGE, "/large": large}) as site, bounded(browser, MOST_MEGABYTES):
        context = await browser.context(BrowserOptions(), Site(base_url=site.url))
        effect = MutationEffect()
        await EmptiedApi("", call=TouchedCall("api", "GET", f"{site.url}/large", 0)).prepare(context, effect)
        page = await context.new_page()
        await page.goto(site.url)
        assert await page.evaluate("fetch('/large').then(it => it.text()).then(it => it.length)") == 30_000_000
        await context.close()
    assert effect.hits == 0


class AtOnce:
    """How many bodies of answers are being read, and the most that were at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self.most = 0
        usual = Response.body

        async def counting(response: Response) -> bytes:
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                return await usual(response)
            finally:
                self.now -= 1

        monkeypatch.setattr(Response, "body", counting)


BODY = b'["' + b"a" * 200_000 + b'"]'
SAID: dict[str, Said] = {
    "/page": PAGE,
    "/": answer(BODY, "Content-Type: application/json"),
    "/large": answer(packed(200), "Content-Encoding: gzip", "Content-Type: application/json"),
}
ASK = "Promise.all(['/large', '/a', '/b', '/c'].map(it => fetch(it).then(it => it.text()))).then(() => 1)"


async def test_what_a_page_asks_for_is_read_one_by_one_and_up_to_a_bound(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = AtOnce(monkeypatch)
    with speaking(SAID) as site, bounded(browser, MOST_MEGABYTES):
        context = await browser.context(BrowserOptions(), Site(base_url=site.url))
        page = await context.new_page()
        listen(page, lambda url: url.startswith(site.url))
        await page.goto(f"{site.url}/page")
        await page.evaluate(ASK)
        while watch(page).reading:
            await heard(page)
        await context.close()
    assert (bodies.most, len(watch(page).exchanges)) == (1, 4)


async def test_what_a_replay_is_answered_is_kept_one_by_one_and_up_to_a_bound(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = AtOnce(monkeypatch)
    with speaking(SAID) as site, bounded(browser, MOST_MEGABYTES):
        context = await browser.context(BrowserOptions(), Site(base_url=site.url))
        recorder = Recorder(site.url)
        recorder.listen(context)
        page = await context.new_page()
        await page.goto(f"{site.url}/page")
        await page.evaluate(ASK)
        kept = {call.path: call.answer and len(call.answer[2]) for call in await recorder.calls()}
        await context.close()
    assert kept == {"/page": None, "/large": None, **dict.fromkeys(("/a", "/b", "/c"), len(BODY))}
    assert bodies.most == 1
