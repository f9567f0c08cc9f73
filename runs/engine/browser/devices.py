"""The devices that a browser context can look like."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from playwright.async_api import async_playwright


@cache
def device_names() -> tuple[str, ...]:
    """Names that `BrowserOptions.device` may take; asks the driver once per process (about half a second)."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _ask()).result(60)


async def _ask() -> tuple[str, ...]:
    async with async_playwright() as playwright:
        return tuple(sorted(playwright.devices))
