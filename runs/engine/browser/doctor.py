"""Proves a browser on one page."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version

from playwright.async_api import Error

from runs.engine.browser.find import Executable, find_browser
from runs.engine.browser.session import Browser, BrowserUnavailable
from runs.engine.plan import BrowserOptions, Site

PAGE = "<!doctype html><title>Sentri</title><h1>It works</h1><script>document.title += ' ' + (40 + 2)</script>"


class Unfit(Exception):
    """The browser was found but does not do its work; the message says what went wrong."""


@dataclass(frozen=True)
class Proof:
    executable: Executable
    playwright: str
    started_in_ms: int
    page_in_ms: int
    screenshot_bytes: int


async def prove() -> Proof:
    """Raises NoBrowser or Unfit."""
    executable = find_browser()
    began = time.monotonic()
    try:
        async with Browser() as browser:
            started = time.monotonic()
            context = await browser.context(BrowserOptions(), Site(base_url="http://127.0.0.1"))
            page = await context.new_page()
            await page.set_content(PAGE)
            if await page.title() != "Sentri 42" or not await page.get_by_role("heading", name="It works").is_visible():
                raise Unfit("the page did not come out as it should")
            picture = await page.screenshot()
            await context.close()
            ended = time.monotonic()
    except (BrowserUnavailable, Error) as problem:
        raise Unfit(str(problem).splitlines()[0]) from problem
    return Proof(
        executable,
        version("playwright"),
        round((started - began) * 1000),
        round((ended - started) * 1000),
        len(picture),
    )
