"""Requests that could change something: how they are told from those that only ask, and a record of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Error, Request, Route

from runs.engine.browser.watch import ANALYTICS
from runs.engine.foreign import UnreadableJson, loaded
from runs.engine.traffic import template

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LAST_WORD_SECONDS = 1.0
# How Chromium names the reason that `refuse_writes` aborts with.
HELD_BACK = "ERR_BLOCKED_BY_CLIENT"
LONGEST_BODY = 200_000
# A text that does not end is found as well: from each beginning a search for its end could take minutes.
_SILENT = re.compile(r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*(?P<block>""")?|"(?:[^"\\\n]|\\.)*(?P<line>")?|#[^\n]*')
_TOKEN = re.compile(r"[{}]|\b(?:query|mutation|subscription|fragment)\b(?=\s*[\w({@$])")

Tell = Callable[[str, str, int | None, bool], None]


def writes(request: Request) -> bool:
    """Whether a request could change something: by its method, unless it carries nothing but GraphQL queries."""
    if request.method not in WRITING:
        return False
    return request.method != "POST" or not only_asks(request.headers.get("content-type", ""), _body(request))


def only_asks(content_type: str, body: str) -> bool:
    """Whether the body of a POST is GraphQL and all its operations are queries; one that is stored elsewhere is not."""
    kind = content_type.partition(";")[0].strip().lower()
    if not body or len(body) > LONGEST_BODY:
        return False
    if kind == "application/graphql":
        return _queries(body)
    if kind not in ("application/json", "application/graphql+json"):
        return False
    try:
        parsed: Any = loaded(body)
    except UnreadableJson:
        return False
    operations = parsed if isinstance(parsed, list) else [parsed]
    return bool(operations) and all(isinstance(request, dict) and _asks(request.get("query")) for request in operations)


def operation(body: str) -> str:
    """What a request to an endpoint of many operations names, by JSON-RPC or GraphQL; "" where it names none."""
    if len(body) > LONGEST_BODY:
        return ""
    try:
        parsed: Any = loaded(body)
    except UnreadableJson:
        return ""
    calls = [call for call in (parsed if isinstance(parsed, list) else [parsed]) if isinstance(call, dict)]
    named = (call.get("method") or call.get("operationName") for call in calls)
    return ",".join(name for name in named if isinstance(name, str))


def _asks(document: Any) -> bool:
    return isinstance(document, str) and _queries(document)


def _queries(document: str) -> bool:
    """Whether a GraphQL document has operations, and only queries and subscriptions among them."""
    if any(found[0].startswith('"') and not found.lastgroup for found in _SILENT.finditer(document)):
        return False  # a text that does not end
    kinds = set(_operations(_SILENT.sub(" ", document)))
    return bool(kinds - {"fragment"}) and "mutation" not in kinds


def _operations(document: str) -> Iterator[str]:
    depth, named = 0, False
    for mark in _TOKEN.findall(document):
        if mark == "{":
            # GraphQL lets a document begin with a brace, as a shorthand for a query.
            if depth == 0 and not named:
                yield "query"
            depth, named = depth + 1, False
        elif mark == "}":
            depth -= 1
        elif depth == 0:
            named = True
            yield mark


def _body(request: Request) -> str:
    try:
        return request.post_data or ""
    except (Error, UnicodeDecodeError):
        return ""


async def refuse_writes(route: Route) -> None:
    """Holds a request back that could change something."""
    with contextlib.suppress(Error):
        if writes(route.request):
            await route.abort("blockedbyclient")
        else:
            await route.continue_()


class Writes:
    """Tells each request of some contexts that could change something, once its answer has come, or will not.

    `tell` is given method and address of the request, the answer's status (None: there was none), and whether it was
    held back. `kinds` are their methods, paths and, where they name one, operations, in the order of sending.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._open: dict[asyncio.Task[None], Request] = {}
        self.kinds: list[str] = []

    @property
    def seen(self) -> int:
        """How many there were."""
        return len(self.kinds)

    def follow(self, context: BrowserContext) -> None:
        context.on("request", self._begun)

    def sent(self, method: str, url: str, status: int | None, payload: Any = None) -> None:
        """A request that was sent without a page; `payload` is what it carried as JSON."""
        if method in WRITING and not (method == "POST" and only_asks("application/json", json.dumps(payload))):
            self._count(method, url, json.dumps(payload))
            self._tell(method, url, status, False)

    def _count(self, method: str, url: str, body: str) -> None:
        self.kinds.append(f"{method} {template(urlsplit(url).path)} {operation(body)}")

    def _begun(self, request: Request) -> None:
        if request.method not in WRITING or ANALYTICS.search(request.url) or not writes(request):
            return
        self._count(request.method, request.url, _body(request))
        task = asyncio.ensure_future(self._ended(request))
        self._open[task] = request
        task.add_done_callback(lambda done: self._open.pop(done, None))

    async def _ended(self, request: Request) -> None:
        status = None
        with contextlib.suppress(Error):
            response = await request.response()
            status = response.status if response else None
        self._tell(request.method, request.url, status, HELD_BACK in (request.failure or ""))

    async def finish(self) -> None:
        """Waits a second for answers that are still out; what has none then is told without."""
        if not self._open:
            return
        await asyncio.wait(list(self._open), timeout=LAST_WORD_SECONDS)
        for task, request in list(self._open.items()):
            if task.cancel():
                self._tell(request.method, request.url, None, False)
