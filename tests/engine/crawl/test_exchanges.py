"""What a visited page says to its server is read into shapes, in a real browser."""

from __future__ import annotations

import json

import pytest

from runs.engine.browser import Browser
from runs.engine.crawl import crawl
from runs.engine.events import PageVisited
from runs.engine.plan import CrawlOptions, CrawlPlan, PageWork, Site
from tests.engine.pages import Answer, Answers, Pages, pages

pytestmark = pytest.mark.browser

CANARY = "CANARY-5f3a9c1d77"
PAGE = """<!doctype html><title>App</title><h1>App</h1><script>
const json = {"Content-Type": "application/json", "Authorization": "Bearer CANARY-5f3a9c1d77"};
const post = (path, body) => fetch(path, {method: "POST", headers: json, body: JSON.stringify(body)});
fetch("/api/products/17?token=CANARY-5f3a9c1d77");
fetch("/api/products/17?token=CANARY-5f3a9c1d77").then((answer) => answer.json());
post("/api/session", {user: "ada", password: "CANARY-5f3a9c1d77"});
post("/graphql", {query: "mutation Add($n: Int!) { add(n: $n) { count } }", variables: {n: 2}});
fetch("/api/huge"); fetch("/api/text"); fetch("/api/broken");
new EventSource("/events");
new WebSocket(location.href.replace("http", "ws") + "ws?ticket=CANARY-5f3a9c1d77CANARY-5f3a9c1d77");
</script>"""


def answer(body: object, kind: str = "application/json", status: int = 200) -> Answer:
    return Answer(body if isinstance(body, str) else json.dumps(body), status, type=kind)


CHAINED = """<!doctype html><title>App</title><h1>App</h1><script>
const later = (path, next) => setTimeout(() => fetch(path).then(() => next && next()), 300);
fetch("/api/first").then(() => later("/api/second", () => later("/api/third")));
</script>"""


async def visited(site: Pages) -> PageVisited:
    """What a crawl says of the site's first page."""
    works = [PageWork(page=1, url=site.url, depth=0)]

    async def pull() -> PageWork | None:
        return works.pop() if works else None

    plan = CrawlPlan(site=Site(base_url=site.url), options=CrawlOptions(parallel=1, respect_robots=False))
    async with Browser() as browser:
        events = [event async for event in crawl(browser, plan, pull, first=False)]
    [event] = [event for event in events if isinstance(event, PageVisited)]
    return event


async def test_a_call_that_another_leads_to_by_a_timer_is_heard_as_well(browser_path: str) -> None:
    calls = {f"/api/{name}": answer({"name": name}) for name in ("first", "second", "third")}
    with pages({"/": CHAINED, **calls}) as site:
        event = await visited(site)
    assert [call["path"] for call in event.snapshot.requests] == list(calls)
    assert all(call["response"]["schema"] for call in event.snapshot.requests)


async def test_the_calls_of_a_page_are_shapes_without_a_secret(browser_path: str) -> None:
    answers: Answers = {
        "/": PAGE,
        "/api/products/17": answer({"id": 17, "name": "Mug", "token": CANARY}),
        "/api/session": answer({"access_token": CANARY}, status=201),
        "/graphql": answer({"data": {"add": {"count": 2}}}),
        "/api/huge": answer(["x" * 1000] * 400),
        "/api/text": answer(CANARY, "text/plain"),
        "/api/broken": answer("{", status=500),
        "/events": answer(f"data: {CANARY}\n\n", "text/event-stream"),
    }
    with pages(answers) as site:
        event = await visited(site)
    assert CANARY not in json.dumps(event.snapshot.model_dump(mode="json"))
    found = {(call["method"], call["template"], call["operation"]): call for call in event.snapshot.requests}
    product = found["GET", "/api/products/{id}", None]
    assert product["url"].endswith("?token=***")
    assert product["response"]["schema"]["properties"] == {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "token": {},
    }
    session = found["POST", "/api/session", None]
    assert session["status"] == 201
    assert session["request"]["schema"]["properties"] == {"password": {}, "user": {"type": "string"}}
    added = found["POST", "/graphql", "Add"]
    assert added["operation_type"] == "mutation"
    assert added["request"]["schema"]["properties"] == {"n": {"type": "integer"}}
    assert found["GET", "/api/huge", None]["response"]["schema"] is None
    assert found["GET", "/api/text", None]["response"] == {"content_type": "text/plain", "schema": None}
    assert found["GET", "/api/broken", None]["status"] == 500
    assert found["GET", "/events", None]["type"] == "eventsource"
    assert found["GET", "/ws", None]["type"] == "websocket"
