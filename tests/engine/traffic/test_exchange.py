import json
from typing import Any

import pytest

from runs.engine.traffic import Exchange, blanked, combined, entries, template

KEYS = {
    "method", "url", "path", "type", "status", "template", "operation", "operation_type", "request", "response",
}  # fmt: skip
JSON = "application/json; charset=utf-8"
CANARY = "CANARY-5f3a9c1d77"


def call(url: str = "http://shop.test/api/cart", sent: Any = None, came: Any = None, **fields: Any) -> Exchange:
    return Exchange(
        **{"method": "POST" if sent is not None else "GET", "url": url, "type": "fetch", "status": 200, **fields},
        request_type=JSON if sent is not None else "",
        request_body=json.dumps(sent).encode() if sent is not None else None,
        response_type=JSON,
        response_body=json.dumps(came).encode(),
    )


def test_a_call_is_stored_as_shapes() -> None:
    [entry] = entries(call(sent={"product": "blue-mug", "quantity": 2}, came={"count": 2}, status=201))
    assert entry.keys() == KEYS
    assert entry["request"]["content_type"] == "application/json"
    assert entry["request"]["schema"]["properties"]["quantity"] == {"type": "integer"}
    assert entry["response"]["schema"]["required"] == ["count"]
    assert (entry["operation"], entry["operation_type"]) == (None, None)


def test_what_could_not_be_read_is_null() -> None:
    [entry] = entries(Exchange("GET", "http://shop.test/events", "eventsource"))
    assert entry["request"] == entry["response"] == {"content_type": None, "schema": None}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/products/17", "/api/products/{id}"),
        ("/api/v1/users/8f14e45f-ceea-467f-a9f1-2d5e1c0f9a11/orders/3", "/api/v1/users/{id}/orders/{id2}"),
        ("/api/people/ada%40example.com", "/api/people/{id}"),
        ("/api/oauth2/login", "/api/oauth2/login"),
        ("/api/products/blue-mug", "/api/products/blue-mug"),
        ("/reports/2026-11", "/reports/{id}"),
        ("/", "/"),
    ],
)
def test_paths_become_templates(path: str, expected: str) -> None:
    assert template(path) == expected


def test_a_graphql_call_is_known_by_its_operation() -> None:
    sent = {"query": "query Cart($id: ID!) { cart(id: $id) { count } }", "variables": {"id": "7"}}
    [entry] = entries(call("http://shop.test/graphql", sent, {"data": {"cart": {"count": 1}}}))
    assert (entry["operation"], entry["operation_type"]) == ("Cart", "query")
    assert entry["request"]["schema"]["properties"] == {"id": {"type": "string"}}
    assert "data" in entry["response"]["schema"]["properties"]


def test_the_named_one_of_several_operations_counts_and_a_batch_is_several_calls() -> None:
    text = "fragment F on A { b } query One { a } mutation Two { b }"
    [entry] = entries(call(sent={"query": text, "operationName": "Two"}, came={}))
    assert (entry["operation"], entry["operation_type"]) == ("Two", "mutation")
    batch = entries(
        call(sent=[{"query": "query A { a }"}, {"query": "{ b }"}], came=[{"data": {"a": 1}}, {"data": {}}])
    )
    assert [(one["operation"], one["operation_type"]) for one in batch] == [("A", "query"), (None, "query")]
    assert batch[0]["response"]["schema"]["properties"]["data"]["required"] == ["a"]


def test_a_search_that_is_called_query_is_no_graphql() -> None:
    [entry] = entries(call(sent={"query": "blue mug"}, came=[]))
    assert entry["operation_type"] is None
    assert entry["request"]["schema"]["required"] == ["query"]


def test_calls_of_one_address_are_one_entry_with_the_shapes_of_all() -> None:
    found = [*entries(call(came={"a": 1})), *entries(call(came={"a": "x"})), *entries(call(came={"e": 1}, status=500))]
    [entry] = combined(found, 10)
    assert entry["status"] == 200
    assert entry["response"]["schema"]["properties"] == {"a": {"type": ["integer", "string"]}}


def test_a_secret_is_nowhere_in_what_is_stored() -> None:
    graph = "query Me($token: String) { me(token: $token) { id } }"
    calls = [
        call(f"http://ada:{CANARY}@shop.test/a?access_token={CANARY}&api-key={CANARY}#id_token={CANARY}", came=[1]),
        call(f'http://shop.test/a?filter={{"password":"{CANARY}"}}&x=eyJ{CANARY}.{CANARY}', came={"a": CANARY}),
        call(sent={"password": CANARY, "card": {"number": CANARY}, "free": CANARY}, came={"token": [CANARY] * 9}),
        call(came={"states": [CANARY] * 9, "by_token": {CANARY: 1}, "users": {f"{CANARY}@x.test": {"pin": CANARY}}}),
        call("http://shop.test/graphql", {"query": graph, "variables": {"token": CANARY}}, {"data": {"x": [CANARY]}}),
        call("http://shop.test/graphql?query={me{id}}&variables=" + json.dumps({"a": CANARY}), came={}),
        Exchange("GET", f"ws://shop.test/ws?ticket={CANARY}{CANARY}", "websocket"),
    ]
    stored = json.dumps([entry for one in calls for entry in entries(one)])
    assert CANARY not in stored
    assert "access_token=***" in stored


def test_harmless_parameters_stay_as_they_were_written() -> None:
    url = "http://shop.test/a?page=2&q=blue%20mug&id=8f14e45f-ceea-467f-a9f1-2d5e1c0f9a11#/cart"
    assert blanked(url) == url


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 5000, b"\xff\xfe", b"{}" + b" " * 300_000])
def test_a_body_that_is_no_json_or_too_large_is_not_known(body: bytes) -> None:
    [entry] = entries(Exchange("GET", "http://shop.test/a", "xhr", 200, response_type=JSON, response_body=body))
    assert entry["response"]["schema"] is None
