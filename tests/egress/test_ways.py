"""No way of a page leads to where the guard does not let it; where the guard does, nearly all of them do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runs.engine.browser import Browser
from runs.engine.browser.egress_proxy import EgressProxy
from runs.engine.netguard import Guard
from runs.engine.plan import BrowserOptions, Site
from tests.egress.canary import Names, canary
from tests.egress.ways import WAYS, heard, pages_of, site_of
from tests.engine.pages import pages

PATIENCE = 60.0
REST_SECONDS = 1.0
LOUD = {way.name for way in WAYS if not way.silent}
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
