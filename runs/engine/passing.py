"""What may pass by itself: answers after which one asks again, later, and how long they ask one to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from runs.engine.traffic import template

TOO_MANY, SERVER_ERROR = 429, 500
LASTING = frozenset({501, 505, 506, 508, 510, 511})  # these say what the server is, not how it is doing
PASSING = frozenset({"timeout", "refused"})
MOST_TOLD = 5
WAITS = (0.5, 1.0, 2.0)
LONGEST_SECONDS = 10.0


class Answered(Protocol):
    """What came of a request: whether it may be otherwise soon, and the seconds that it asks to wait until then."""

    @property
    def passing(self) -> bool: ...
    @property
    def wait(self) -> float | None: ...


A = TypeVar("A", bound=Answered)


async def steadily(ask: Callable[[], Awaitable[A]]) -> A:
    """What is answered; asked again, at most three times and within seconds, while the server cannot answer now.

    For documents without which nothing else can begin: pages are put off in the frontier instead.
    """
    for least in WAITS:
        answer = await ask()
        wait = max(least, answer.wait or 0.0)
        if not answer.passing or wait > LONGEST_SECONDS:
            return answer
        await asyncio.sleep(wait)
    return await ask()


def broke_off(message: str) -> bool:
    """Whether an error of a request says that the connection was lost or too slow, not that there is none."""
    return any(sign in message for sign in ("ECONNRESET", "socket hang up", "EPIPE", "Timeout", "timed out"))


def passes(status: int | None) -> bool:
    """Whether an answer says that the server could not answer now: 429, and most from 500 on."""
    return status is not None and (status == TOO_MANY or status >= SERVER_ERROR) and status not in LASTING


def wait_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that `Retry-After` asks to wait, in seconds or until a date; None where it says nothing of sense.

    Names of headers are in lower case. `now` is aware.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        # Nine digits are thirty years; a number without end would be infinite.
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


def troubles(requests: Iterable[Mapping[str, Any]], origin: str) -> tuple[str, ...]:
    """What the site answered to the requests of a page that may pass: "GET /api/stock/{id} answered 500", each once.

    `requests` are those of a `PageWatch`.
    """
    site, found = urlsplit(origin).netloc, dict[str, None]()
    for request in requests:
        parts = urlsplit(request["url"])
        if parts.netloc == site and passes(request["status"]):
            found[f"{request['method']} {template(parts.path or '/')} answered {request['status']}"] = None
    return tuple(found)[:MOST_TOLD]
