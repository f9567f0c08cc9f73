"""Crawls a site as Crawlee's documentation shows it. Runs in Crawlee's own virtual environment.

crawlee_side.py URL BROWSER CONCURRENCY ARGUMENT…   prints {"pages": …, "seconds": …} as its last line; the time is
from the first navigation, when the browser is up, to the end of the last page
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

from crawlee import ConcurrencySettings
from crawlee.crawlers import PlaywrightCrawler, PlaywrightCrawlingContext, PlaywrightPreNavCrawlingContext

MARKS: list[float] = []
TITLES: dict[str, str] = {}


async def read(context: PlaywrightCrawlingContext) -> None:
    title = await context.page.title()
    await context.enqueue_links()
    TITLES[context.request.url] = title
    MARKS.append(time.monotonic())


async def begin(_context: PlaywrightPreNavCrawlingContext) -> None:
    MARKS.append(time.monotonic())


async def main(url: str, browser: str, concurrency: str, *arguments: str) -> None:
    number = int(concurrency)
    crawler = PlaywrightCrawler(
        concurrency_settings=ConcurrencySettings(
            min_concurrency=number, max_concurrency=number, desired_concurrency=number
        ),
        browser_launch_options={
            "executable_path": browser,
            "args": list(arguments),
            "chromium_sandbox": hasattr(os, "geteuid") and os.geteuid() != 0,
        },
        headless=True,
        configure_logging=False,
    )
    crawler.router.default_handler(read)
    crawler.pre_navigation_hook(begin)
    await crawler.run([url])
    print(json.dumps({"pages": len(TITLES), "seconds": max(MARKS, default=0) - min(MARKS, default=0)}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
