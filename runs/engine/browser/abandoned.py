"""What comes of a call that nobody waits for any more is no error of anybody's.

Playwright asks the driver to abort a call that is cancelled, and waits for its answer. Where it is cancelled once more
meanwhile, as by a deadline inside of a deadline, that answer is an exception which nobody looks at, and asyncio logs a
trace of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from playwright.async_api import Browser as Chromium
from playwright.async_api import Playwright


def overlook(connected: Playwright | Chromium) -> None:
    """From now on such answers on this connection are looked at. It is no part of Playwright's interface; where that is
    another one, all stays as it is."""
    inside: Any = connected
    with contextlib.suppress(AttributeError):
        connection = inside._impl_obj._connection
        usual = connection._abort

        async def abort(owner: Any, callback: Any, reason: str) -> None:
            callback.future.add_done_callback(_look)
            await usual(owner, callback, reason)

        connection._abort = abort


def _look(answer: asyncio.Future[Any]) -> None:
    if not answer.cancelled():
        answer.exception()
