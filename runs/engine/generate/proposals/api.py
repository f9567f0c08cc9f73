"""What the pages ask the server for in the background answers as it did, in status and shape; and refuses nonsense."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from runs.engine.events import PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, ResponseFacts, Step, address
from runs.engine.generate.proposals.writing import document, say
from runs.engine.page.safety import danger
from runs.engine.steps.request import Request
from runs.engine.traffic import Schema, merge, promise

_MOST = 30
_NONSENSE = 12
_VARIABLE = re.compile(r"^\d+$|^[0-9a-f]{8,}$|^[0-9a-f]{8}-[0-9a-f-]{27}$|\d{3,}", re.IGNORECASE)
NOWHERE = "sentri-nowhere"
# It fits 32 bits, so that an application looks for it and does not stumble over its size.
NO_NUMBER = "987654321"
# 500 is no refusal: a test that expected it would keep the fault.
_REFUSED = (400, 404, 405, 410, 422)
_CLOSED = (401, 403)
_ASKED = "{ __typename }"
_UNKNOWN = "{ sentriNowhere }"


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    found: dict[str, tuple[PageSnapshot, dict[str, Any]]] = {}
    heard: dict[str, Schema] = {}
    for page in crawled.pages:
        for request in page.requests:
            if _is_ours(request, page) and not danger("", str(request["url"])):
                template = _template(request, page)
                found.setdefault(template, (page, request))
                shape = (request.get("response") or {}).get("schema")
                if shape is not None:
                    heard[template] = merge(heard[template], shape) if template in heard else shape
    reads = [pair for pair in found.items() if not _asks_graph(pair[1][1])][:_MOST]
    for template, (page, request) in reads:
        known = _case(crawled, page, template, _get(request), "known", template)
        yield known.model_copy(update={"about": {**known.about, "shape": heard.get(template)}})
        if crawled.auth_of(page):
            closed = _case(crawled, page, f"closed {template}", _get(request), "closed", template)
            yield closed.model_copy(update={"auth": ""})
    nonsense = [(page, path, template) for template, (page, request) in reads for path in _nonsense(request, page)]
    for page, path, template in nonsense[:_NONSENSE]:
        yield _case(crawled, page, path, Request.step(method="GET", path=path), "nonsense", template)
    yield from _graph(crawled, [pair for pair in found.values() if _asks_graph(pair[1])])


def _case(crawled: Crawled, page: PageSnapshot, key: str, fetch: Step, kind: str, template: str) -> CaseSpec:
    about = {"kind": kind, "template": template.rstrip("?")}
    return crawled.case("api", f"{kind} {key}", page, fetch=fetch, about=about)


def _get(request: dict[str, Any]) -> Step:
    return Request.step(method="GET", path=address(str(request["url"])))


def _is_ours(request: dict[str, Any], page: PageSnapshot) -> bool:
    """A read of the site's own that succeeded: a GET, or a query of GraphQL."""
    ours = urlsplit(str(request.get("url", "")))[:2] == urlsplit(page.url)[:2]
    reads = request.get("method") == "GET" or _asks_graph(request)
    return ours and reads and request.get("type") in ("xhr", "fetch") and request.get("status") == 200


def _asks_graph(request: dict[str, Any]) -> bool:
    return request.get("operation_type") == "query"


def _graph(crawled: Crawled, queries: Sequence[tuple[PageSnapshot, dict[str, Any]]]) -> Iterator[CaseSpec]:
    """Queries of our own to each endpoint of GraphQL, for texts of the site's are never kept."""
    if crawled.options.read_only:
        return
    # A query of GraphQL is sent with POST, which a case without writes does not let through; it changes nothing.
    endpoints = {address(str(request["url"])).split("?")[0]: page for page, request in queries}
    for path, page in endpoints.items():
        for kind, query in (("graph", _ASKED), ("graph_unknown", _UNKNOWN)):
            fetch: Step = Request.step(method="POST", path=path, json={"query": query})
            yield _case(crawled, page, path, fetch, kind, path).model_copy(update={"writes": True})


def _template(request: dict[str, Any], page: PageSnapshot) -> str:
    """The address with its variable parts blanked: what varies by itself, and what it takes from the page's own path.

    Of a query only the names count.
    """
    parts = urlsplit(str(request["url"]))
    names = "&".join(sorted(name for name, _ in parse_qsl(parts.query, keep_blank_values=True)))
    # Of the page's own path the first part names a section, and does not vary.
    own = set(page.path.split("/")[2:])
    path = request.get("template") or "/".join(
        "*" if _VARIABLE.search(part) or part in own else part for part in parts.path.split("/")
    )
    return f"{path}?{names}"


def _nonsense(request: dict[str, Any], page: PageSnapshot) -> Iterator[str]:
    """The same address with an id that nothing has, and with words where it asks for a number."""
    parts = urlsplit(str(request["url"]))
    segments = parts.path.split("/")
    blanked = str(request.get("template") or _template(request, page)).split("?")[0].split("/")
    if len(blanked) == len(segments) and segments[-1] and blanked[-1] != segments[-1]:
        unknown = NO_NUMBER if segments[-1].isdecimal() else NOWHERE
        yield "/".join([*segments[:-1], unknown])
    query = parse_qsl(parts.query, keep_blank_values=True)
    for name, value in query:
        if value.isdecimal():
            yield f"{parts.path}?{urlencode([(key, 'x' if key == name else old) for key, old in query])}"


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for rank, seen in enumerate(observations):
        if seen.answer is not None:
            yield from _WRITE[seen.case.about["kind"]](crawled, seen, seen.answer, rank)


def _known(crawled: Crawled, seen: Observation, answer: ResponseFacts, rank: int) -> Iterator[Draft]:
    if answer.status != 200 or answer.shape is None:
        return
    heard = seen.case.about.get("shape")
    shape = merge(answer.shape, heard) if heard is not None else answer.shape
    expect = {"status": 200, "headers": {"content-type": answer.content_type}, **shaped(shape)}
    title = say(crawled, "api_known", what=_what(seen))
    yield _draft(crawled, seen, expect, title, rank)


def _refuses(crawled: Crawled, seen: Observation, answer: ResponseFacts, rank: int) -> Iterator[Draft]:
    if answer.status in _REFUSED:
        title = say(crawled, "api_nonsense", what=_what(seen), status=answer.status)
        draft = _draft(crawled, seen, {"status": answer.status, **shaped(answer.shape)}, title, rank)
        yield Draft(draft.family, title, draft.document, draft.case, draft.why, rank, "negative")


def _closed(crawled: Crawled, seen: Observation, answer: ResponseFacts, rank: int) -> Iterator[Draft]:
    if answer.status in _CLOSED:
        title = say(crawled, "api_closed", what=_what(seen), status=answer.status)
        draft = _draft(crawled, seen, {"status": answer.status, **shaped(answer.shape)}, title, rank)
        yield Draft(draft.family, title, draft.document, draft.case, draft.why, rank, "negative")


def _graph_answers(crawled: Crawled, seen: Observation, answer: ResponseFacts, rank: int) -> Iterator[Draft]:
    """GraphQL tells data from errors by keys, whatever the status."""
    unknown = seen.case.about["kind"] == "graph_unknown"
    key = "errors" if unknown else "data"
    if answer.shape is None or key not in answer.shape.get("properties", {}):
        return
    kind = {"type": "array", "minItems": 1} if unknown else {"type": "object", "required": ["__typename"]}
    schema = {"type": "object", "required": [key], "properties": {key: kind}}
    title = say(crawled, "graph_unknown" if unknown else "graph", what=_what(seen))
    draft = _draft(crawled, seen, {"status": answer.status, "schema": schema}, title, rank)
    yield Draft("api", title, draft.document, draft.case, draft.why, rank, "negative" if unknown else "positive")


def shaped(shape: Schema | None) -> dict[str, Any]:
    """What is expected of an answer's shape, if anything can be."""
    promised = promise(shape) if shape else {}
    return {"schema": promised} if promised else {}


def _draft(crawled: Crawled, seen: Observation, expect: dict[str, Any], title: str, rank: int) -> Draft:
    steps = [{**(seen.case.fetch or {}), "expect": expect}]
    why = f"{crawled.page_of(seen.case).path} asks for it in the background"
    return Draft("api", title, document(seen.case, steps, title), seen.case, why, rank)


def _what(seen: Observation) -> str:
    fetch = seen.case.fetch or {}
    return f"{fetch['method']} {seen.case.about['template']}"


_WRITE = {
    "known": _known,
    "nonsense": _refuses,
    "closed": _closed,
    "graph": _graph_answers,
    "graph_unknown": _graph_answers,
}
