"""Where a site keeps the document of its API: where one was told, or at the usual places."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from runs.engine.browser import Error
from runs.engine.events import Log, PageSnapshot
from runs.engine.generate.case_visit import Visit, Visits
from runs.engine.generate.openapi.operations import Operation, UnreadableDocument, read
from runs.engine.passing import passes, steadily, wait_of
from runs.engine.steps.base import StepFailed
from runs.engine.unopened import too_large

# FastAPI, Flask-RESTX, springdoc and drf-spectacular, among others, put it there.
USUAL_PATHS = (
    "/openapi.json",
    "/openapi.yaml",
    "/swagger.json",
    "/api/openapi.json",
    "/api-docs",
    "/v3/api-docs",
    "/api/schema/",
)
_LINKED = ("openapi", "swagger", "api-docs", "apispec")
_SUFFIXES = frozenset({"", ".json", ".yaml", ".yml"})
_MOST_LINKED = 3
FETCH_MS = 5_000


async def described(visits: Visits, pages: Iterable[PageSnapshot]) -> tuple[list[Operation], list[Log]]:
    """The operations that a document describes, and what is to be said about it. Without a document: neither."""
    site, configured = visits.plan.site, visits.plan.options.openapi.strip()
    if configured:
        url = urljoin(site.base_url, configured)
        # The order was checked as well, but a crawl that is repeated may have another address by then.
        if urlsplit(url)[:2] != urlsplit(site.base_url)[:2]:
            return [], [Log("warning", f"The API description at {url[:200]} is on another site, so it is not read.")]
    paths = [configured] if configured else [*linked(pages), *USUAL_PATHS]
    problem = ""
    try:
        async with visits.open() as visit:
            for path in dict.fromkeys(paths):
                await visits.pace.turn()
                try:
                    text = await _text(visit, urljoin(site.base_url, path))
                    # A description may have 5 MB, and while it is parsed all else in the loop would stand still.
                    operations = await asyncio.to_thread(read, text, site.origin)
                    return operations, [Log("info", f"{path} describes {len(operations)} operations of the API.")]
                except UnreadableDocument as error:
                    problem = problem or f"The API description at {path} cannot be used: {error}."
                # That nothing lies at a usual place is no news.
                except _Absent as error:
                    problem = problem or (
                        f"The API description at {path} cannot be read: {error}." if configured else ""
                    )
    except Error:
        return [], []
    return [], [Log("warning", problem)] if problem else []


class _Absent(Exception):
    """There is no document at an address."""


def linked(pages: Iterable[PageSnapshot]) -> list[str]:
    """Addresses of documents that the pages link to or ask for."""
    return list(dict.fromkeys(_addresses(pages)))[:_MOST_LINKED]


def _addresses(pages: Iterable[PageSnapshot]) -> Iterator[str]:
    for page in pages:
        urls = [urljoin(page.url, action.href) for action in page.actions if action.href]
        urls += [str(request.get("url", "")) for request in page.requests]
        for url in urls:
            parts = urlsplit(url)
            ours = parts[:2] == urlsplit(page.url)[:2]
            if ours and Path(parts.path).suffix in _SUFFIXES and any(word in parts.path.lower() for word in _LINKED):
                yield parts.path + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def passing(self) -> bool:
        return passes(self.status)

    @property
    def wait(self) -> float | None:
        return wait_of(self.headers, datetime.now(UTC))


async def _get(visit: Visit, url: str) -> _Answer:
    response = await visit.stage.http.get(url, timeout=FETCH_MS, fail_on_status_code=False)
    answer = _Answer(response.status, await response.body(), response.headers)
    await response.dispose()
    return answer


async def _text(visit: Visit, url: str) -> str:
    try:
        answer = await steadily(lambda: _get(visit, url))
    except (Error, StepFailed) as error:
        if large := too_large(str(error)):
            raise UnreadableDocument(large) from error
        raise _Absent(str(error).splitlines()[0][:150]) from error
    text = answer.body.decode("utf-8", "replace")
    if answer.status != 200:
        raise _Absent(f"it answers {answer.status}")
    # Applications of one page answer every address with that page, and with 200.
    if "html" in answer.headers.get("content-type", "") or not ("openapi" in text or "swagger" in text):
        raise _Absent("it answers with something else")
    return text
