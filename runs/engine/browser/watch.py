"""What a page says while it is used: console errors, failed requests, requests."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from playwright.async_api import Browser, ConsoleMessage, Error, Page, Request, Response

from runs.engine.browser.watchdog import answers

KEEP_REQUESTS = 500
KEEP_ADDRESSES = 5_000
KEEP_ERRORS = 100
LONG_POLL_SECONDS = 2.0
REPEATS = 4
TRACKED = frozenset({"document", "script", "stylesheet", "xhr", "fetch"})
ANALYTICS = re.compile(
    r"google-analytics|googletagmanager|doubleclick|segment\.(io|com)|hotjar|mixpanel|amplitude|sentry\.io"
    r"|clarity\.ms|facebook\.(net|com)/tr|plausible|matomo|datadoghq|nr-data|newrelic|fullstory|intercom",
)


@dataclass(eq=False)
class PageWatch:
    """Fills itself while the page lives.

    `console_errors`: errors written to the console and uncaught exceptions; a failed download is not among them.
    `failed_requests`: "GET https://… → 500" for answers from 400 up and for requests that got none.
    `requests`: one dict per answer with method, url, status, type, failed (a sentence or None), and duration_ms until
    the answer began, or until it was clear that none would come; None where the browser does not say.
    `exchanges`: where somebody listens, the entries of each call that may be stored; `reading` is what is not read yet.
    """

    console_errors: list[str] = field(default_factory=list)
    failed_requests: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    exchanges: list[list[dict[str, Any]]] = field(default_factory=list)
    reading: set[asyncio.Task[None]] = field(default_factory=set)
    one_body: asyncio.Lock = field(default_factory=asyncio.Lock)
    crashed: asyncio.Event = field(default_factory=asyncio.Event)
    _pending: dict[Request, float] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)
    last_activity: float = 0.0
    _browser: Browser | None = None

    async def crashed_alone(self) -> bool:
        """Whether the browser outlived the page's crash: one that is killed tells of its pages first."""
        return self._browser is None or await answers(self._browser)

    def busy(self) -> bool:
        """Whether a request that matters is on its way: long polls and repeated polls do not."""
        now = time.monotonic()
        return any(now - started < LONG_POLL_SECONDS for started in self._pending.values())

    def waits(self) -> bool:
        """Whether anything that was asked for has not been answered, however long ago."""
        return bool(self._pending)

    def status_of(self, url: str) -> int | None:
        """The status of the document that was opened last at an address; None where none was."""
        answers = [
            request["status"] for request in self.requests if request["type"] == "document" and request["url"] == url
        ]
        status: int | None = answers[-1] if answers else None
        return status

    def forget_history(self) -> None:
        """Start counting anew, as after a test's own first step."""
        self.console_errors.clear()
        self.failed_requests.clear()
        self.requests.clear()
        self.exchanges = []
        for task in self.reading:
            task.cancel()
        self._seen.clear()

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium writes such a line for each failed request, which `failed_requests` has already.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self._error(message.text)

    def _uncaught(self, error: Error) -> None:
        self._error(f"Uncaught {error.name or 'Error'}: {error.message}".replace("Error: Error:", "Error:"))

    def _error(self, text: str) -> None:
        if len(self.console_errors) < KEEP_ERRORS:
            self.console_errors.append(text[:1000])

    def _response(self, response: Response) -> None:
        failed = str(response.status) if response.status >= 400 else None
        self._record(response.request, response.status, failed)

    def _failed(self, request: Request) -> None:
        self._ended(request)
        reason = request.failure or "no answer"
        # A page that is left, and a download, abort what they had asked for: nobody's failure.
        if "ERR_ABORTED" not in reason:
            self._record(request, None, reason)

    def _record(self, request: Request, status: int | None, failed: str | None) -> None:
        if failed and len(self.failed_requests) < KEEP_ERRORS:
            self.failed_requests.append(f"{request.method} {request.url} → {failed}")
        # Failures have as much room again, for they are what explains a result.
        if len(self.requests) < KEEP_REQUESTS * (2 if failed else 1):
            facts = {"method": request.method, "url": request.url, "type": request.resource_type}
            self.requests.append({**facts, "status": status, "failed": failed, "duration_ms": _took(request)})

    def _started(self, request: Request) -> None:
        if request.resource_type not in TRACKED or ANALYTICS.search(request.url):
            return
        # Many polls carry a time or a number that only keeps caches away.
        key = f"{request.method} {request.url.split('?', 1)[0]}"
        if len(self._seen) >= KEEP_ADDRESSES:
            self._seen.clear()
        self._seen[key] = self._seen.get(key, 0) + 1
        if self._seen[key] <= REPEATS or request.is_navigation_request():
            self._pending[request] = self.last_activity = time.monotonic()

    def _crash(self, page: Page) -> None:
        self._browser = page.context.browser
        self.crashed.set()

    def _ended(self, request: Request) -> None:
        if self._pending.pop(request, None) is not None:
            self.last_activity = time.monotonic()


def _took(request: Request) -> int | None:
    """Milliseconds from the start of a request to the first byte of its answer, else to its end."""
    times = request.timing
    reached = times["responseStart"] if times["responseStart"] >= 0 else times["responseEnd"]
    return round(reached) if reached >= 0 else None


_watches: WeakKeyDictionary[Page, PageWatch] = WeakKeyDictionary()


def watch(page: Page, *, pending: bool = True) -> PageWatch:
    """The page's one watch, from now on. Without `pending` it does not follow requests under way (less work)."""
    known = _watches.get(page)
    if known is not None:
        return known
    seen = _watches[page] = PageWatch()
    page.on("console", seen._console)
    page.on("pageerror", seen._uncaught)
    page.on("response", seen._response)
    page.on("requestfailed", seen._failed)
    page.on("crash", seen._crash)
    if pending:
        page.on("request", seen._started)
        page.on("requestfinished", seen._ended)
    return seen
