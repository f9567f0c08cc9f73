"""Listens to the calls of a visited page: their shapes are kept, their bodies never leave this module."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from playwright.async_api import Error, Page, Request, Response, WebSocket

from runs.engine.browser.watch import PageWatch, watch
from runs.engine.traffic import Exchange, entries
from runs.engine.traffic.exchange import MOST_BYTES, is_json

CALLS = frozenset({"fetch", "xhr", "eventsource"})
MOST_CALLS = 100
# With 0.3 s a body that came late left an answer without fields, which the next crawl then found to be new.
HEARD_SECONDS = 2.0


def listen(page: Page, ours: Callable[[str], bool]) -> None:
    """From now on note the page's calls to addresses that are `ours` in its watch, as `exchanges`."""
    seen = watch(page)

    def answered(response: Response) -> None:
        request = response.request
        if request.resource_type in CALLS and ours(request.url):
            _note(seen, request, response)

    def unanswered(request: Request) -> None:
        if request.resource_type in CALLS and ours(request.url) and "ERR_ABORTED" not in (request.failure or ""):
            _note(seen, request, None)

    def opened(socket: WebSocket) -> None:
        if len(seen.exchanges) < MOST_CALLS and ours(_http(socket.url)):
            seen.exchanges.append(entries(Exchange("GET", socket.url, "websocket")))

    page.on("response", answered)
    page.on("requestfailed", unanswered)
    page.on("websocket", opened)


async def heard(page: Page) -> bool:
    """Waits until the bodies of all answers have been read, two seconds at the most; whether they have."""
    reading = set(watch(page).reading)
    late = (await asyncio.wait(reading, timeout=HEARD_SECONDS))[1] if reading else ()
    return not late


def _note(seen: PageWatch, request: Request, response: Response | None) -> None:
    if len(seen.exchanges) >= MOST_CALLS:
        return
    place = len(seen.exchanges)
    # Without its answer's body the call is known at once; a body that comes too late changes nothing.
    seen.exchanges.append(entries(_call(request, response, None)))
    if response is not None and _readable(response):
        task = asyncio.ensure_future(_read(seen, place, request, response))
        seen.reading.add(task)
        task.add_done_callback(seen.reading.discard)


async def _read(seen: PageWatch, place: int, request: Request, response: Response) -> None:
    exchanges = seen.exchanges
    try:
        # One at a time: what Chromium unpacked of each is kept up to 20 MB, and comes through the driver whole.
        async with seen.one_body:
            body = await response.body()
    except (Error, UnicodeError):
        return
    # Otherwise the watch has begun a new list for another page while this body came.
    if exchanges is seen.exchanges:
        exchanges[place] = entries(_call(request, response, body))


def _readable(response: Response) -> bool:
    length = response.headers.get("content-length", "")
    small = not length.isdecimal() or int(length) <= MOST_BYTES
    return small and response.status != 204 and is_json(response.headers.get("content-type", ""))


def _call(request: Request, response: Response | None, body: bytes | None) -> Exchange:
    sent = request.post_data_buffer
    return Exchange(
        method=request.method,
        url=request.url,
        type=request.resource_type,
        status=response.status if response else None,
        request_type=request.headers.get("content-type", ""),
        request_body=sent if sent is not None and len(sent) <= MOST_BYTES else None,
        response_type=response.headers.get("content-type", "") if response else "",
        response_body=body,
    )


def _http(url: str) -> str:
    return "http" + url.removeprefix("ws") if url.startswith("ws") else url
