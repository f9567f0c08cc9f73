"""No spelling of an address leads to where the guard does not let it: not our browser, and none of our clients."""

from __future__ import annotations

import contextlib
import re

import pytest

from runs.engine.browser import Browser, Error
from runs.engine.netguard import Guard
from runs.engine.plan import BrowserOptions, Site
from runs.notifiers.base import Undeliverable
from runs.notifiers.egress_client import EgressClient
from tests.egress.addresses import LOOPBACK, NEVER, NO_WEB, PRIVATE, each
from tests.egress.canary import Canary, canary
from tests.engine.pages import pages

# What a browser says of an address that it asked the proxy to tunnel to, does not know, or never opens.
UNTOUCHED = re.compile(
    r"ERR_TUNNEL_CONNECTION_FAILED|ERR_UNSAFE_PORT|ERR_UNKNOWN_URL_SCHEME|ERR_INVALID_URL|ERR_FILE_NOT_FOUND"
    r"|ERR_ABORTED|ERR_INVALID_HANDLE|ERR_FAILED|invalid URL|Invalid URL|Protocol .* not supported|proxy.* 403"
    r"|ERR_BLOCKED|interrupted by another navigation|ERR_ACCESS_DENIED|Only absolute|URI malformed"
)
# These lead nowhere, and are no addresses of others either.
HARMLESS = ("about:", "data:", "javascript:", "/just")


def addresses(bird: Canary) -> list[str]:
    found = [url for lines in (LOOPBACK, PRIVATE, NEVER, NO_WEB) for url in each(lines, bird.port)]
    return [url for url in found if not url.startswith(HARMLESS)]


async def test_no_address_leads_the_browser_to_what_is_not_listed(browser_path: str) -> None:
    async with canary() as bird:
        with pages({"/": "<h1>Shop</h1>"}) as site:
            guard = Guard.allowing(site.url.removeprefix("http://"))
            async with Browser(browser_path, guard=guard) as browser:
                context = await browser.context(BrowserOptions(), Site(base_url=site.url))
                page = await context.new_page()
                opened = {}
                for url in (url for url in addresses(bird) if "file:" not in url.lower()):
                    try:
                        answer = await page.goto(url, timeout=5_000)
                        text = await page.inner_text("body")
                        if answer is None or answer.status != 403 or "did not open this address" not in text:
                            opened[url] = text[:80]
                    except Error as error:
                        if not UNTOUCHED.search(error.message):
                            opened[url] = error.message.splitlines()[0]
                await context.close()
        assert (opened, bird.connections, bird.datagrams) == ({}, 0, 0)


async def test_a_page_reads_no_file(browser_path: str) -> None:
    """Only the driver opens files, which is never asked to: `goto` and crawls know paths and addresses of the web."""
    leads = (
        "location = 'file:///etc/hostname'",
        "open('file:///etc/hostname')",
        "fetch('file:///etc/hostname')",
        "document.body.innerHTML = '<iframe src=file:///etc/hostname></iframe><object data=file:///etc/hostname>'",
        "import('file:///etc/hostname')",
        "new Worker('file:///etc/hostname')",
    )
    async with Browser(browser_path) as browser:
        with pages({"/": "<h1>Shop</h1>"}) as site:
            context = await browser.context(BrowserOptions(), Site(base_url=site.url))
            page = await context.new_page()
            for lead in leads:
                await page.goto(site.url)
                with contextlib.suppress(Error):
                    await page.evaluate(f"(async () => {{ {lead} }})()")
                assert page.url.startswith(site.url)
                assert not any(frame.url.startswith("file:") for one in context.pages for frame in one.frames), lead
            await context.close()


async def test_no_address_leads_a_request_step_to_what_is_not_listed(browser_path: str) -> None:
    async with canary() as bird:
        with pages({"/": "<h1>Shop</h1>"}) as site:
            guard = Guard.allowing(site.url.removeprefix("http://"))
            async with Browser(browser_path, guard=guard) as browser:
                requests = await browser.requests(Site(base_url=site.url))
                opened = {}
                for url in addresses(bird):
                    try:
                        answer = await requests.get(url, timeout=5_000, max_redirects=0)
                        if answer.status != 403 or "did not open this address" not in await answer.text():
                            opened[url] = str(answer.status)
                    except Error as error:
                        if not UNTOUCHED.search(error.message):
                            opened[url] = error.message.splitlines()[0]
                await requests.dispose()
        assert (opened, bird.connections, bird.datagrams) == ({}, 0, 0)


async def test_no_address_leads_a_callback_or_a_channel_to_what_is_not_listed() -> None:
    async with canary() as bird:
        for url in addresses(bird):
            with pytest.raises(Undeliverable):
                EgressClient(Guard(), seconds=2, resolve=lambda _host, _port: ["127.0.0.1"]).send("POST", url, {}, b"x")
        assert bird.connections == 0
