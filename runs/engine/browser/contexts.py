"""Contexts that are neither lost nor forgotten on their way in and out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from playwright.async_api import APIRequestContext, BrowserContext

from runs.engine.browser.wear import Wear

CLOSE_SECONDS = 2
# asyncio holds tasks weakly: a closing that nobody waits for any more could be collected halfway.
_closing: set[asyncio.Future[None]] = set()


async def close_context(context: BrowserContext) -> None:
    """Waits until it is closed, for two seconds at the most; then it goes on closing.

    It is never cancelled, nor is whoever waits for it able to: the driver aborts what nobody waits for any more, and a
    context that a busy machine closes late would stay open for good.
    """
    closing = asyncio.ensure_future(context.close())
    _closing.add(closing)
    closing.add_done_callback(_closed)
    await asyncio.wait({closing}, timeout=CLOSE_SECONDS)


def _closed(closing: asyncio.Future[None]) -> None:
    _closing.discard(closing)
    if not closing.cancelled():
        closing.exception()  # of a browser that is gone: so is its context


async def opened(opening: Awaitable[BrowserContext]) -> BrowserContext:
    """The new context; where nobody waits for it any more it is closed as soon as it is there."""
    coming = asyncio.ensure_future(opening)
    try:
        return await asyncio.shield(coming)
    except asyncio.CancelledError:
        coming.add_done_callback(_abandon)
        raise


def _abandon(coming: asyncio.Future[BrowserContext]) -> None:
    if not coming.cancelled() and coming.exception() is None:
        close_later(coming.result())


def close_later(context: BrowserContext) -> None:
    closing = asyncio.ensure_future(close_context(context))
    _closing.add(closing)
    closing.add_done_callback(_closing.discard)


def counted(requests: APIRequestContext, wear: Wear | None) -> APIRequestContext:
    """Known to its driver's wear until it is disposed of."""
    if wear is None:
        return requests
    dispose = requests.dispose
    wear.requests.add(requests)

    async def dispose_of(*, reason: str | None = None) -> None:
        wear.requests.discard(requests)
        await dispose(reason=reason)

    requests.dispose = dispose_of  # type: ignore[method-assign]
    return requests
