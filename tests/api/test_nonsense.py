"""Whatever is sent, the answer is never a fault of ours."""

import json
import re
from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework.test import APIClient

from projects.models import Comment
from tests.api.conftest import World
from tests.api.test_access import channel, delivery
from tests.api.test_schema import UNDESCRIBED, addresses

ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    10**40,
    -(10**40),
    1e308,
    "",
    " ",
    "\0",
    "\ud800",
    "a\u202eb",
    "😀" * 50,
    "x" * 5000,
    "' OR 1=1 --",
    "{{7*7}}",
    "../../etc/passwd",
    [],
    {},
    [[[]]],
    {"": None},
    {"\0": "\0"},
    {"$ref": "#"},
    ["TC-1", None, 5],
]
FIELDS = (
    "name",
    "url",
    "base_url",
    "workspace",
    "credentials",
    "headers",
    "variables",
    "settings",
    "quality_gates",
    "web_vitals_budgets",
    "scopes",
    "expires_at",
    "document",
    "title",
    "action",
    "ids",
    "filter",
    "reason",
    "tests",
    "tags",
    "environment",
    "parallel",
    "shards",
    "geolocation",
    "device",
    "include",
    "only",
    "callbackUrl",
    "callback_url",
    "repo",
    "sha",
    "settings",
    "when",
    "dialsConfig",
    "testIds",
)
QUERIES = (
    "?cursor=%00",
    "?search=%ED%A0%80",
    "?page_size=1e99",
    "?after=NaN",
    "?since=0000-00-00",
    "?%FF=%FF",
    "?&&=",
    "?ordering=%00",
    "?format=%00",
    "?project=PRJ-%C2%B2",
    "?cursor=WyJhIiwxLDBd",
    "?cursor=WzEsMSwwXQ",
)


def raw(client: APIClient, method: str, path: str, body: Any) -> Any:
    return client.generic(method.upper(), path, json.dumps(body), content_type="application/json")


def filled(path: str, world: World) -> str:
    """The address of rows that exist, made anew for each write."""
    run = world.run() if "{run}" in path else None
    result = world.run().results.get().pk if "{result}" in path else ""
    given = {
        "{project}": world.project.public_id,
        "{environment}": world.environment(f"e{path}").public_id if "{environment}" in path else "",
        "{token}": "TOK-1",
        "{test}": world.test().public_id if "{test}" in path else "",
        "{run}": run.public_id if run else "",
        "{result}": str(result),
        "{comment}": str(comment(world)) if "{comment}" in path else "",
        "{channel}": channel(world) if "{channel}" in path else "",
        "{delivery}": str(delivery(world)) if "{delivery}" in path else "",
    }
    if "{comment}" in path:
        given["{test}"] = Comment.objects.get(pk=given["{comment}"]).test.public_id
    for name, value in given.items():
        path = path.replace(name, value)
    return path


def comment(world: World) -> int:
    return Comment.objects.create(test=world.test(), author_name="Ada", text="Why?").pk


PATHS = sorted(addresses(get_resolver().url_patterns) - UNDESCRIBED)


@pytest.mark.parametrize("path", PATHS)
def test_no_body_makes_an_endpoint_fail(world: World, path: str) -> None:
    client = world.client("admin")
    address = filled(path, world)
    allowed = client.put(address)["Allow"].lower().split(", ")
    for method in {"post", "patch"} & set(allowed):
        for odd in ODD:
            for sent in (odd, dict.fromkeys(FIELDS, odd), {"name": odd}, {"document": {"title": odd, "steps": odd}}):
                assert raw(client, method, address, sent).status_code in range(200, 500), sent


@pytest.mark.parametrize("path", PATHS)
def test_no_query_and_no_header_makes_an_endpoint_fail(world: World, path: str) -> None:
    client = world.client("viewer")
    address = filled(path, world)
    for query in QUERIES:
        assert client.get(address + query).status_code in range(200, 500), query
    odd_headers: tuple[dict[str, Any], ...] = (
        {"HTTP_ACCEPT": "\x00"},
        {"HTTP_ACCEPT": "text/event-stream;q=x, */*"},
        {"HTTP_IF_MATCH": "\xff"},
        {"HTTP_IDEMPOTENCY_KEY": "\xff"},
        {"HTTP_RANGE": "bytes=0-1"},
    )
    for headers in odd_headers:
        assert client.get(address, **headers).status_code in range(200, 500), headers


@pytest.mark.parametrize("path", [path for path in PATHS if "{" in path])
def test_no_id_makes_an_endpoint_fail(world: World, path: str) -> None:
    client = world.client("admin")
    for odd in ("%00", "%ED%A0%80", "😀", "PRJ-1%20", "x" * 3000, "..", "PRJ-٣", "9" * 40):
        address = re.sub(r"\{\w+\}", odd, path)
        for method in ("get", "post", "patch", "delete"):
            assert raw(client, method, address, {"name": "x"}).status_code in (403, 404, 405, 422), (method, odd)


def test_what_was_odd_but_allowed_comes_back_as_it_went_in(world: World) -> None:
    name = "Ω≈ç√ \u202e 😀 <script>alert(1)</script>"
    client = world.client("qa_lead")
    said = raw(client, "patch", world.at(), {"name": name}).json()
    assert said["name"] == client.get(world.at()).json()["name"] == name
