"""What the pages ask the server for in the background answers as it did, in status and shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from runs.engine.events import PageSnapshot
from runs.engine.generate.cases import Case, Crawled, Draft, Observation, address
from runs.engine.generate.proposals.writing import document
from runs.engine.page.safety import danger

_MOST = 12
_DEEPEST = 4
_KEYS = 40
_CHECKS = 15
_NAME = re.compile(r"^[A-Za-z_]\w*$")
_VARIABLE = re.compile(r"^\d+$|^[0-9a-f]{8,}$|^[0-9a-f]{8}-[0-9a-f-]{27}$|\d{3,}", re.IGNORECASE)


def cases(crawled: Crawled) -> Iterable[Case]:
    found: dict[str, Case] = {}
    for page in crawled.pages:
        for request in page.requests:
            url = str(request.get("url", ""))
            if _is_read(request, page) and not danger("", url):
                signed_in = crawled.needs_account(page)
                found.setdefault(
                    _template(url, page),
                    Case("api", url, page, address(page.url), signed_in=signed_in, fetch=address(url)),
                )
    return list(found.values())[:_MOST]


def _is_read(request: dict[str, Any], page: PageSnapshot) -> bool:
    ours = urlsplit(str(request.get("url", "")))[:2] == urlsplit(page.url)[:2]
    return (
        ours
        and request.get("method") == "GET"
        and request.get("type") in ("xhr", "fetch")
        and request.get("status") == 200
    )


def _template(url: str, page: PageSnapshot) -> str:
    """The address with its variable parts blanked: what varies by itself, and what it takes from the page's own path.

    Of a query only the names count.
    """
    parts = urlsplit(url)
    own = set(page.path.split("/")[2:])
    path = "/".join("*" if _VARIABLE.search(part) or part in own else part for part in parts.path.split("/"))
    return path + "?" + "&".join(sorted(pair.split("=")[0] for pair in parts.query.split("&")))


def tests(_crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for rank, seen in enumerate(observations):
        answer, path = seen.answer, seen.case.fetch
        if answer is None or answer.status != 200 or "json" not in answer.content_type:
            continue
        checks = [{"path": place, "exists": True} for place in list(places(answer.body))[:_CHECKS]]
        expect = {"status": 200, "headers": {"content-type": answer.content_type}, "json": checks}
        title = f"GET {path.split('?')[0]} answers with JSON of the known shape"
        step = {"do": "request", "method": "GET", "path": path, "expect": expect}
        why = f"{seen.case.page.path} asks for it in the background"
        yield Draft("api", title, document(seen.case, [step], title), seen.case, why, rank)


def places(body: Any, at: str = "$", depth: int = 0) -> Iterator[str]:
    """JSONPaths of what is there: the keys, and of a list that its first entry is there with its keys."""
    if depth >= _DEEPEST:
        return
    if isinstance(body, dict) and len(body) <= _KEYS:
        plain = {key: value for key, value in body.items() if _NAME.match(key) and not _VARIABLE.search(key)}
        yield from (f"{at}.{key}" for key in plain)
        for key, value in plain.items():
            yield from places(value, f"{at}.{key}", depth + 1)
    elif isinstance(body, list) and body:
        yield f"{at}[0]"
        yield from places(body[0], f"{at}[0]", depth + 1)
