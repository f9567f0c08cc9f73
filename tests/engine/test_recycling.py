"""A browser that is worn out is replaced without disturbing the tests under way."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from runs.engine.browser import Bounds, Browser
from runs.engine.browser.wear import Wear
from runs.engine.events import Log
from runs.engine.plan import BrowserOptions, Site
from tests.engine.executing import attempts, ends, planned, played, see, work
from tests.engine.pages import Pages, pages

pytestmark = pytest.mark.asyncio


@pytest.fixture
def site() -> Iterator[Pages]:
    with pages({"/": "<h1>Shop</h1>"}) as site:
        yield site


def drivers() -> list[psutil.Process]:
    return [process for process in psutil.Process().children() if "run-driver" in command_of(process)]


def command_of(process: psutil.Process) -> list[str]:
    """Nothing of one that has just ended."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def directories() -> int:
    return len(list(Path(tempfile.gettempdir()).glob(f"sentri-browser-{os.getpid()}-*")))


async def settled(drivers_left: int) -> None:
    for _ in range(150):
        if len(drivers()) == drivers_left:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(drivers())


async def test_after_so_many_contexts_a_fresh_browser_serves_and_the_old_one_finishes_its_tests(
    browser_path: str, site: Pages
) -> None:
    where, plain = Site(base_url=site.url), BrowserOptions()
    before = len(drivers())
    async with Browser(browser_path, Bounds(contexts=3)) as browser:
        old = [await browser.context(plain, where) for _ in range(2)]
        api = await browser.requests(where)
        page = await old[0].new_page()
        fresh = await browser.context(plain, where)
        assert fresh.browser is not old[0].browser
        assert len(drivers()) - before == 2
        answer = await page.goto(site.url)
        assert answer is not None
        assert answer.ok
        for context in old:
            await context.close()
        assert (await api.get(site.url)).ok
        assert len(drivers()) - before == 2
        await api.dispose()
        await settled(before + 1)
        assert await (await fresh.new_page()).goto(site.url) is not None
    assert len(drivers()) == before


async def test_a_browser_that_takes_too_much_memory_is_replaced(browser_path: str, site: Pages) -> None:
    async with Browser(browser_path, Bounds(megabytes=1)) as browser:
        first = await browser.context(BrowserOptions(), Site(base_url=site.url))
        assert await browser.megabytes() > 50
        for _ in range(10):
            context = await browser.context(BrowserOptions(), Site(base_url=site.url))
            await context.close()
        assert context.browser is not first.browser


async def test_a_run_goes_on_over_worn_out_browsers(browser_path: str, site: Pages, tmp_path: Path) -> None:
    tests = [work(see("Shop"), result=number) for number in range(12)]
    before = directories()
    async with Browser(browser_path, Bounds(contexts=4)) as browser:
        events = await played(browser, planned(site, tmp_path, parallel=3), *tests)
    assert len(ends(events)) == 12
    assert {end.outcome for end in ends(events).values()} == {"passed"}
    assert {ended.attempt for ended in attempts(events)} == {1}
    assert [event for event in events if isinstance(event, Log)] == []
    assert directories() == before


async def test_wear_is_counted_in_contexts_and_in_memory(tmp_path: Path) -> None:
    bounds = Bounds(contexts=10, megabytes=100)
    assert not Wear(tmp_path, bounds, opened=9, megabytes=100).worn_out
    assert Wear(tmp_path, bounds, opened=10).worn_out
    assert Wear(tmp_path, bounds, opened=1, megabytes=101).worn_out
