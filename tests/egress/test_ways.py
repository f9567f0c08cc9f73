"""No way of a page leads to where the guard does not let it; where the guard does, nearly all of them do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import async_playwright

from runs.engine.browser import Browser
from runs.engine.browser.egress_proxy import EgressProxy
from runs.engine.netguard import Guard
from runs.engine.plan import BrowserOptions, Site
from tests.egress.canary import Names, canary
from tests.egress.ways import WAYS, Way, heard, pages_of, site_of
from tests.engine.pages import pages

PATIENCE = 60.0
REST_SECONDS = 1.0
LOUD = {way.name for way in WAYS if not way.silent}
# All of WebRTC's but STUN over TCP, which Chromium does not speak.
OF_CALLS = {way.name for way in WAYS if way.name.startswith("rtc-")} - {"rtc-stun-tcp"}
# A proxy is only told the host of these.
TUNNELS = {"web-socket", "web-socket-stream", "worker-web-socket"}


def test_there_are_no_fewer_than_100_ways_of_which_most_lead_somewhere() -> None:
    assert len({way.name for way in WAYS}) >= 100
    assert len(LOUD) >= 100


async def test_where_the_guard_is_open_the_canary_hears_of_every_way(browser_path: str) -> None:
    async with canary() as bird:
        with pages(site_of(WAYS, bird.port)) as site:
            async with Browser(browser_path, guard=Guard.allowing("127.0.0.1")) as browser:
                for path, ways in pages_of(WAYS):
                    wanted = LOUD & {way.name for way in ways}
                    await opened(browser, site.url, path, bird.names, wanted)
    assert LOUD - bird.names == set()


@pytest.mark.parametrize("host", ["127.0.0.1", "shop.localhost"])
async def test_no_way_of_a_page_reaches_another_port_of_its_own_host(
    browser_path: str, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """The first site is opened directly, the second one through the proxy."""
    asked = Names()
    forward = EgressProxy._forward

    async def told(self: EgressProxy, head: bytes, *streams: Any) -> None:
        asked.add(heard(head))
        await forward(self, head, *streams)

    monkeypatch.setattr(EgressProxy, "_forward", told)
    async with canary() as bird:
        with pages(site_of(WAYS, bird.port)) as site:
            place = site.url.removeprefix("http://")
            async with Browser(browser_path, guard=Guard.allowing(place)) as browser:
                url = site.url.replace("127.0.0.1", host)
                for path, ways in pages_of(WAYS):
                    wanted = (LOUD - TUNNELS) & {way.name for way in ways}
                    await opened(browser, url, path, asked, wanted)
        assert (bird.names, bird.connections, bird.datagrams) == (set(), 0, 0)
    assert LOUD - TUNNELS - asked == set()


@pytest.mark.parametrize("way", [way for way in WAYS if way.name in OF_CALLS], ids=lambda way: way.name)
async def test_a_browser_that_does_nothing_against_it_reaches_the_canary_by_WebRTC(browser_path: str, way: Way) -> None:
    """These ways are silent in ours even where the guard is open; so this one shows that they lead somewhere."""
    arguments = ["--no-sandbox", "--allow-loopback-in-peer-connection"]
    async with canary() as bird, async_playwright() as driver:
        with pages(site_of([way], bird.port)) as site:
            browser = await driver.chromium.launch(executable_path=browser_path, args=arguments)
            page = await browser.new_page()
            await page.goto(f"{site.url}/frames/0", wait_until="commit")
            async with asyncio.timeout(PATIENCE):
                await bird.came.wait()
            await browser.close()


async def opened(browser: Browser, url: str, path: str, names: Names, wanted: set[str]) -> None:
    """Open a page and stay until all of its ways have been tried, and a moment longer for the silent ones."""
    context = await browser.context(BrowserOptions(), Site(base_url=url))
    try:
        page = await context.new_page()
        await page.goto(f"{url}{path}", wait_until="commit")
        await names.hold(wanted, PATIENCE)
        await asyncio.sleep(REST_SECONDS)
    finally:
        await context.close()
