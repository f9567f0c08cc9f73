"""R23 in the engine: pictures of pages in use come while somebody looks, and only then."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from runs.engine.browser import Browser, Screencast
from runs.engine.crawl import crawl
from runs.engine.events import TestEnded
from runs.engine.execute import execute
from runs.engine.plan import CrawlOptions, CrawlPlan, PageWork, ShardPlan, Site
from tests.engine.executing import ends, planned, puller, see, work
from tests.engine.pages import Pages, pages

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOVING = """<h1>Shop</h1><p>0</p><script>
setInterval(() => document.querySelector("p").textContent = Math.random(), 30);
setTimeout(() => document.body.insertAdjacentHTML("beforeend", "<h2>Late</h2>"), 1200);</script>"""
LONG = [see("Shop"), see("Late")]
JPEG = b"\xff\xd8\xff"


class Spectator:
    """Looks on or not, and keeps what it was shown."""

    def __init__(self, looks: bool = True) -> None:
        self.looks = looks
        self.shown: list[tuple[int, str, bytes]] = []

    def wanted(self) -> bool:
        return self.looks

    def show(self, slot: int, title: str, jpeg: bytes) -> None:
        self.shown.append((slot, title, jpeg))

    async def sees(self, more_than: int = 0) -> int:
        async with asyncio.timeout(60):
            while len(self.shown) <= more_than:  # noqa: ASYNC110 - the engine calls without waiting
                await asyncio.sleep(0.02)
        return len(self.shown)


@pytest.fixture
def site() -> Iterator[Pages]:
    with pages({"/": MOVING, "/still": "<h1>Still</h1>"}) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


@pytest.fixture
def plan(site: Pages, tmp_path: Path) -> ShardPlan:
    return planned(site, tmp_path, parallel=2)


async def watched(browser: Browser, plan: ShardPlan, spectator: Spectator, *works: Any) -> dict[int, TestEnded]:
    return ends([event async for event in execute(browser, plan, puller(*works), frames=spectator)])


async def test_R23_whoever_looks_sees_each_page_in_use(browser: Browser, plan: ShardPlan) -> None:
    spectator = Spectator()
    ended = await watched(browser, plan, spectator, work(*LONG, result=1), work(*LONG, result=2))
    assert {end.outcome for end in ended.values()} == {"passed"}
    assert {slot for slot, _, _ in spectator.shown} == {0, 1}
    assert {title for _, title, _ in spectator.shown} == {"T"}
    assert all(jpeg.startswith(JPEG) for _, _, jpeg in spectator.shown)


async def test_R23_nobody_looks_and_no_picture_is_taken(
    browser: Browser, plan: ShardPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    monkeypatch.setattr(Screencast, "_start", lambda *_: taken.append("picture"))
    spectator = Spectator(looks=False)
    assert (await watched(browser, plan, spectator, work(*LONG)))[1].outcome == "passed"
    assert (taken, spectator.shown) == ([], [])


async def test_R23_who_comes_and_goes_sees_a_test_that_is_already_under_way(browser: Browser, plan: ShardPlan) -> None:
    spectator = Spectator(looks=False)
    async with aclosing(execute(browser, plan, puller(work(see("Never", timeout=30_000))), frames=spectator)) as stream:
        reading = asyncio.ensure_future(drained(stream))
        await asyncio.sleep(0.6)
        spectator.looks = True
        await spectator.sees(3)
        spectator.looks = False
        await asyncio.sleep(0.6)
        seen = len(spectator.shown)
        await asyncio.sleep(0.6)
        assert len(spectator.shown) == seen
        spectator.looks = True
        await spectator.sees(seen)
        reading.cancel()
        await asyncio.wait({reading})


async def test_R23_a_page_at_rest_is_seen_too(browser: Browser, plan: ShardPlan) -> None:
    spectator = Spectator()
    still = work({"do": "goto", "path": "/still"}, see("Still"), see("Never", timeout=1000))
    await watched(browser, plan, spectator, still)
    assert spectator.shown


async def test_R23_cancelling_leaves_no_page_and_no_task(browser: Browser, plan: ShardPlan) -> None:
    before = asyncio.all_tasks()
    spectator = Spectator()
    async with aclosing(execute(browser, plan, puller(work(see("Never", timeout=30_000))), frames=spectator)) as stream:
        reading = asyncio.ensure_future(drained(stream))
        await spectator.sees()
        reading.cancel()
        await asyncio.wait({reading})
    assert browser._chromium is not None
    assert browser._chromium.contexts == []
    await asyncio.sleep(0.3)
    assert asyncio.all_tasks() - before == set()


async def test_R23_a_traced_test_is_traced_as_ever(browser: Browser, site: Pages, tmp_path: Path) -> None:
    spectator = Spectator()
    plan = planned(site, tmp_path, trace="on", screenshot="on")
    stream = execute(browser, plan, puller(work(*LONG)), frames=spectator)
    events = [event async for event in stream]
    assert ends(events)[1].outcome == "passed"
    assert spectator.shown
    kinds = [artifact.kind for event in events for artifact in getattr(event, "artifacts", ())]
    assert kinds == ["screenshot", "trace"]


async def test_R23_a_crawl_shows_the_page_that_it_visits(browser: Browser, site: Pages) -> None:
    spectator = Spectator()
    plan = CrawlPlan(site=Site(base_url=site.url), options=CrawlOptions(parallel=1))
    waiting = [PageWork(page=1, url=f"{site.url}/", depth=0), PageWork(page=2, url=f"{site.url}/still", depth=1)]

    async def pull() -> PageWork | None:
        if len(waiting) == 1:
            await spectator.sees()
        return waiting.pop(0) if waiting else None

    events = [event async for event in crawl(browser, plan, pull, first=False, frames=spectator)]
    assert len(events) == 2
    assert (0, f"{site.url}/") in {(slot, title) for slot, title, _ in spectator.shown}


async def drained(stream: Any) -> None:
    async for _event in stream:
        pass
