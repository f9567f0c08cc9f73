"""Proves a browser on one page."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from importlib.metadata import version

from playwright.async_api import Error

from runs.engine.browser.find import Executable, find_browser
from runs.engine.browser.remote import Remote
from runs.engine.browser.session import Browser, BrowserUnavailable
from runs.engine.netguard import Guard
from runs.engine.plan import BrowserOptions, Site

# No page is opened: the address only makes the context of a site. An installation that opens no private hosts, as by
# default, is to prove its browser as well.
NOWHERE = "127.0.0.1:80"
PAGE = "<!doctype html><title>Sentri</title><h1>It works</h1><script>document.title += ' ' + (40 + 2)</script>"


class Unfit(Exception):
    """The browser was found but does not do its work; the message says what went wrong."""


@dataclass(frozen=True)
class Proof:
    """`found` is a program of this machine, or the address of a browser elsewhere."""

    found: str
    playwright: str
    started_in_ms: int
    page_in_ms: int
    screenshot_bytes: int


async def prove() -> Proof:
    """Raises NoBrowser or Unfit."""
    remote = Remote.configured()
    found = "" if remote else _described(find_browser())
    elsewhere = replace(remote, patience=0) if remote else None
    began = time.monotonic()
    try:
        async with Browser(remote=elsewhere, guard=Guard.allowing(NOWHERE)) as browser:
            started = time.monotonic()
            size = await _show_a_page(browser)
            ended = time.monotonic()
            found = found or f"{remote.shown if remote else ''} (Chromium {browser.version}, elsewhere)"
    except (BrowserUnavailable, Error) as problem:
        raise Unfit(str(problem).splitlines()[0]) from problem
    began_ms, ended_ms = round((started - began) * 1000), round((ended - started) * 1000)
    return Proof(found, version("playwright"), began_ms, ended_ms, size)


async def _show_a_page(browser: Browser) -> int:
    """The size of its picture."""
    context = await browser.context(BrowserOptions(), Site(base_url=f"http://{NOWHERE}"))
    page = await context.new_page()
    await page.set_content(PAGE)
    if await page.title() != "Sentri 42" or not await page.get_by_role("heading", name="It works").is_visible():
        raise Unfit("the page did not come out as it should")
    picture = await page.screenshot()
    await context.close()
    return len(picture)


def _described(executable: Executable) -> str:
    return f"{executable.path} ({executable.kind} {executable.version}, {executable.origin})"
