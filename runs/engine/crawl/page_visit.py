"""One page: open it, wait until it has settled, read it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, TypeVar
from urllib.parse import urlsplit

from runs.engine.browser import Error, Page, PageResists, PageWatch, heard, settle, watch
from runs.engine.crawl import challenge
from runs.engine.crawl.snapshot import ShownPage, look
from runs.engine.crawl.unreachable import (
    Unvisited,
    challenged,
    crashed,
    diagnose,
    from_browser,
    from_gateway,
    resists,
    restless,
)
from runs.engine.events import PageSnapshot
from runs.engine.netguard import Guard
from runs.engine.passing import wait_of
from runs.engine.traffic import blanked_line, combined

SETTLE_MS = 5_000
PATIENCE_SECONDS = 6.0
LOOK_AGAIN_SECONDS = 0.2
# One call leads to the next, often by a timer: how long none may begin or end, and how long that is waited for.
CALLS_QUIET_SECONDS, CALLS_PATIENCE_SECONDS = 0.5, 3.0
CRASH_SECONDS = 0.5
Got = TypeVar("Got")
PAGE_TYPES = ("text/html", "application/xhtml+xml")
KEEP_CALLS = 60
# These say nothing about the site: Chromium hides what a proxy answers to CONNECT, and tries no unsafe port.
WORTH_DIAGNOSING = ("ERR_TUNNEL_CONNECTION_FAILED", "ERR_UNSAFE_PORT", "ERR_PROXY_CONNECTION_FAILED")


@dataclass(frozen=True, slots=True)
class Visited:
    """A page as it was when it had settled; `status` is None for a client-side route."""

    url: str
    status: int | None
    load_ms: int
    shown: ShownPage


async def visit(page: Page, url: str, seen: PageWatch, guard: Guard, timeout_ms: int) -> Visited:
    """Open an address and read what is there. Raises `Unvisited`; takes little more than `timeout_ms` at most."""
    return await unless_crashed(_visit(page, url, guard, timeout_ms), url, seen)


async def unless_crashed(work: Coroutine[Any, Any, Got], url: str, seen: PageWatch) -> Got:
    """What the work gives. Raises `Unvisited` at once when the tab crashes, which the driver would wait for.

    Raises `Error` where the browser died with the tab, which says nothing about the page.

    A navigation that a crash ends may be told as aborted a moment before the crash itself.
    """
    working = asyncio.ensure_future(work)
    crash = asyncio.ensure_future(seen.crashed.wait())
    try:
        await asyncio.wait((working, crash), return_when=asyncio.FIRST_COMPLETED)
        unanswered = working.done() and _unanswered(working.exception())
        if unanswered:
            await asyncio.wait((crash,), timeout=CRASH_SECONDS)
        if not working.done() or (unanswered and crash.done()):
            if not await seen.crashed_alone():
                raise Error("Browser closed, and its page crashed for it")
            raise crashed(url)
        return working.result()
    finally:
        for task in (working, crash):
            task.cancel()
        await asyncio.gather(working, crash, return_exceptions=True)


def _unanswered(error: BaseException | None) -> bool:
    return isinstance(error, Unvisited) and error.status is None


async def _visit(page: Page, url: str, guard: Guard, timeout_ms: int) -> Visited:
    began = time.monotonic()
    if urlsplit(url).fragment:
        # A new fragment alone is no navigation: the client-side route would keep the last one's state.
        await page.goto("about:blank")
    status = await _open(page, url, guard, timeout_ms)
    load_ms = int((time.monotonic() - began) * 1000)
    return Visited(page.url, status, load_ms, await settled(page, url, timeout_ms - load_ms))


async def settled(page: Page, url: str, left_ms: float) -> ShownPage:
    """What the page shows at rest. While a page with scripts shows nothing at all it is given all of `left_ms`.

    While it waits for answers, or for the bodies of some, it is given some seconds more, for a busy server is no long
    poll; whether it still waits then is told in `Shown.settled`. One that calls is looked at when its calls are over.
    Raises `Unvisited` where something else stands in the page's place.
    """
    began, seen = time.monotonic(), watch(page)
    deadline = began + left_ms / 1000
    while True:
        left_ms = (deadline - time.monotonic()) * 1000
        await settle(page, int(max(250, min(SETTLE_MS, left_ms))))
        shown = await _looked(page, url, deadline)
        waits = shown.scripted and (not await heard(page) or seen.waits())
        now = time.monotonic()
        quiet = now - seen.last_activity if shown.scripted and seen.exchanges else CALLS_QUIET_SECONDS
        unsettled = waits and now < began + PATIENCE_SECONDS
        unsettled |= quiet < CALLS_QUIET_SECONDS and now < began + CALLS_PATIENCE_SECONDS
        if not ((shown.blank and shown.scripted) or unsettled) or now > deadline:
            break
        await asyncio.sleep(max(LOOK_AGAIN_SECONDS, CALLS_QUIET_SECONDS - quiet))
    titles = (shown.title, *(heading.text for heading in shown.headings))
    if challenge.shown_by(titles, len(shown.links), (frame.url for frame in page.frames[1:])):
        raise challenged(url)
    return replace(shown, settled=not waits)


async def _looked(page: Page, url: str, deadline: float) -> ShownPage:
    """What is there; once more where the page went away meanwhile. Raises `Unvisited` for one that never stays."""
    while True:
        try:
            return await look(page)
        except PageResists as error:
            raise resists(url, error.message) from error
        except Error as error:
            if "context was destroyed" not in error.message:
                raise
            if time.monotonic() > deadline:
                raise restless(url) from error
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _open(page: Page, url: str, guard: Guard, timeout_ms: int) -> int | None:
    try:
        # `settle` waits for the rest, within its cap: a picture that never comes would fail the navigation here.
        response = await page.goto(url, wait_until="domcontentloaded", timeout=timeout_ms)
    except Error as error:
        if any(code in error.message for code in WORTH_DIAGNOSING) and (found := await diagnose(url, guard)):
            raise found from error
        raise from_browser(url, error.message, timeout_ms / 1000) from error
    if response is None:
        return None
    kind = response.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    if response.status >= 400:
        # The egress proxy answers 403 or 502 where it does not come through to the site.
        body = await _text(response.text()) if response.status in challenge.STATUSES | {502} else ""
        if challenge.answered_by(response.status, response.headers, body):
            raise challenged(url, response.status)
        wait = wait_of(response.headers, datetime.now(UTC))
        answered = Unvisited("http_error", f"{url} answered {response.status}.", response.status, wait)
        raise from_gateway(url, body) or answered
    if kind and kind not in PAGE_TYPES:
        raise Unvisited("not_a_page", f"{url} is {kind}, not a page.", response.status)
    return response.status


async def _text(body: Awaitable[str]) -> str:
    with contextlib.suppress(Error, UnicodeDecodeError):
        return await body
    return ""


def snapshot_of(visited: Visited, seen: PageWatch, *, signed_in: bool) -> PageSnapshot:
    """The snapshot that is stored: what was shown, and what was said meanwhile."""
    parts, shown = urlsplit(visited.url), visited.shown
    return PageSnapshot(
        url=visited.url,
        path=parts.path or "/",
        title=shown.title[:500],
        status=visited.status,
        template=shown.template,
        headings=shown.headings,
        landmarks=shown.landmarks,
        forms=shown.forms,
        actions=shown.actions,
        console_errors=tuple(dict.fromkeys(blanked_line(line) for line in seen.console_errors)),
        failed_requests=tuple(dict.fromkeys(blanked_line(line) for line in seen.failed_requests)),
        requests=combined(chain.from_iterable(seen.exchanges), KEEP_CALLS),
        lang=shown.lang,
        signed_in=signed_in,
        load_ms=visited.load_ms,
        settled=shown.settled,
    )
