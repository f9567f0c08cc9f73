"""A driver's own directory and processes, so that nothing of it is left when it has ended, however it ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import psutil
from playwright.async_api import Browser as Chromium
from playwright.async_api import Playwright

CLOSE_SECONDS = 2
GONE_SECONDS = 0.5
LOOK_SECONDS = 0.02
PREFIX = "sentri-browser-"


def make_directory() -> Path:
    """A directory for temporary files of a driver and its browsers. Removes those of processes that were killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def processes_of(playwright: Playwright) -> list[psutil.Process]:
    """The driver and everything that it started. The driver's process is no part of Playwright's interface."""
    inside: Any = playwright
    try:
        process = inside._impl_obj._connection._transport._proc
        if process.returncode is not None:
            return []
        driver = psutil.Process(process.pid)
        return [driver, *driver.children(recursive=True)]
    except (AttributeError, psutil.Error):
        return []


def megabytes(processes: list[psutil.Process]) -> int:
    """Memory of these processes; what they share with others counts in part."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            full = process.memory_full_info()
            total += getattr(full, "pss", 0) or full.uss
    return total // 1_000_000


async def end(playwright: Playwright | None, chromium: Chromium | None) -> None:
    """Close both; what has not gone by then is killed, as a driver or browser that hangs is."""
    # Before anything is closed: what a driver had started cannot be found once it has ended.
    processes = await asyncio.to_thread(processes_of, playwright) if playwright else []
    closing = [chromium.close()] if chromium else []
    for close in (*closing, *([playwright.stop()] if playwright else [])):
        await asyncio.wait({asyncio.ensure_future(_quietly(close))}, timeout=CLOSE_SECONDS)
    await asyncio.to_thread(_kill, processes, GONE_SECONDS)
    if chromium:
        _cut(chromium)


async def kill(playwright: Playwright, chromium: Chromium) -> None:
    """End a driver and its browser that do not answer."""
    await asyncio.to_thread(_kill, await asyncio.to_thread(processes_of, playwright), 0.0)
    _cut(chromium)


def _cut(chromium: Chromium) -> None:
    """Fail all that waits for a browser behind a Playwright server.

    Its connection goes through the driver but does not hear of the driver's end; nor is it part of the interface.
    """
    inside: Any = chromium
    with contextlib.suppress(AttributeError):
        transport = inside._impl_obj._connection._transport
        pipe = transport._pipe_channel
        if not transport._stopped_future.done():
            pipe.emit("closed", {})
        pipe.remove_all_listeners()


async def _quietly(closing: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(Exception):
        await closing


def _kill(processes: list[psutil.Process], patience: float) -> None:
    until = time.monotonic() + patience
    while (alive := [process for process in processes if _alive(process)]) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
