"""Bare asynchronous Playwright: one browser, so many fresh contexts at a time, and nothing else.

python -m bench.bare FILE BROWSER CONTEXTS   loads the test functions of FILE, prints `ready`, then plays all of them
for each line that it reads and answers with their number and the seconds they took.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from runs.engine.browser.session import ARGUMENTS

TIMEOUT_MS = 5_000
TestFunction = Callable[[Page], Awaitable[None]]


def tests_in(path: Path) -> list[TestFunction]:
    spec = importlib.util.spec_from_file_location("bare_tests", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [function for name, function in vars(module).items() if name.startswith("test_")]


async def play(browser: Browser, tests: list[TestFunction], contexts: int) -> float:
    """Seconds until all tests have passed; raises what the first failing test raised."""
    began = time.monotonic()
    left = iter(tests)
    async with asyncio.TaskGroup() as slots:
        for _ in range(contexts):
            slots.create_task(_slot(browser, left))
    return time.monotonic() - began


async def _slot(browser: Browser, left: Iterator[TestFunction]) -> None:
    for test in left:
        context = await browser.new_context()
        try:
            page = await context.new_page()
            page.set_default_timeout(TIMEOUT_MS)
            await test(page)
        finally:
            await context.close()


async def main(path: str, executable: str, contexts: str) -> None:
    tests = tests_in(Path(path))
    async with async_playwright() as playwright:
        sandbox = hasattr(os, "geteuid") and os.geteuid() != 0
        browser = await playwright.chromium.launch(
            executable_path=executable, args=list(ARGUMENTS), chromium_sandbox=sandbox
        )
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            seconds = await play(browser, tests, int(contexts))
            print(f"{len(tests)} {seconds:.4f}", flush=True)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
