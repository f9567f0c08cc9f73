import json
from typing import Any

import pytest

from runs.engine.browser.writes import only_asks, operation

JSON = "application/json; charset=utf-8"


def graphql(document: Any, **more: Any) -> str:
    return json.dumps({"query": document, **more})


@pytest.mark.parametrize(
    "document",
    [
        "{ notes { id } }",
        "query { notes { id } }",
        "query Notes($first: Int = 10, $by: Sort = {key: ID}) @cached(for: {s: 3}) { notes(first: $first) { id } }",
        "fragment Part on Note { id mutation }  query Notes { notes { ...Part } }",
        'query { notes(search: "mutation { wipe }") { id } } # mutation { wipe }',
        'query { notes(search: """a "mutation" { wipe }""") { id } }',
        "subscription { added { id } }",
    ],
)
def test_graphql_that_only_asks_is_told_from_what_writes(document: str) -> None:
    assert only_asks(JSON, graphql(document))
    assert only_asks("application/graphql", document)


@pytest.mark.parametrize(
    "document",
    [
        "mutation { wipe }",
        "mutation Wipe($id: ID!) { wipe(id: $id) }",
        "query A { notes { id } } mutation B { wipe }",
        "fragment Part on Note { id }",
        'query { a } """ without an end mutation { wipe }',
        'query { a(b: "without an end) } mutation { wipe }',
        "mug",
        "",
        None,
        7,
    ],
)
def test_what_may_write_counts_as_writing(document: Any) -> None:
    assert not only_asks(JSON, graphql(document))


def test_a_batch_asks_when_all_of_it_does() -> None:
    asks, writes = {"query": "{ a }"}, {"query": "mutation { b }"}
    assert only_asks(JSON, json.dumps([asks, asks]))
    assert not only_asks(JSON, json.dumps([asks, writes]))
    assert not only_asks(JSON, "[]")


def test_an_operation_that_is_stored_elsewhere_may_write() -> None:
    persisted = {"operationName": "Notes", "extensions": {"persistedQuery": {"sha256Hash": "…"}}}
    assert not only_asks(JSON, json.dumps(persisted))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", graphql("{ a }")),
        ("", graphql("{ a }")),
        (JSON, "{"),
        (JSON, "null"),
        (JSON, ""),
        (JSON, '"{ a }"'),
    ],
)
def test_what_is_no_graphql_writes(kind: str, body: str) -> None:
    assert not only_asks(kind, body)


def test_what_is_nested_too_deeply_to_be_read_writes() -> None:
    assert not only_asks(JSON, "[" * 100_000)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ('{"jsonrpc": "2.0", "method": "notes.add", "id": 1}', "notes.add"),
        ('[{"operationName": "Notes", "query": "{ notes }"}, {"operationName": "Add"}]', "Notes,Add"),
        ('{"method": 3}', ""),
        ("method=add", ""),
        ("", ""),
    ],
)
def test_an_endpoint_of_many_operations_is_told_by_the_one_that_is_named(body: str, named: str) -> None:
    assert operation(body) == named
