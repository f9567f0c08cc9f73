"""Answers gone wrong at one place: each is noticed by what is expected of the answer as it was."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from runs.engine.page.look import Look
from runs.engine.prove import answers
from runs.engine.prove.json_mutation import missing, retyped
from runs.engine.prove.mutations.missing_property import MissingProperty
from runs.engine.prove.mutations.wrong_type import WrongType
from runs.engine.prove.touched import Touched, TouchedCall
from runs.engine.steps.answer import Answer
from runs.engine.steps.document import parse
from runs.engine.traffic import infer, promise
from tests.engine.traffic.test_schema import DOCUMENTS, STEADY, allows

PRODUCTS = {
    "items": [{"name": "Blue mug", "price": 14.5, "tags": ["new"]}, {"name": "Pot", "price": 32, "sale": True}],
    "total": 2,
}


@STEADY
@given(DOCUMENTS)
def test_whatever_goes_wrong_no_longer_fits_what_was_seen(document: Any) -> None:
    schema, before = promise(infer(document)), deepcopy(document)
    for one in (*missing(document), *retyped(document)):
        assert not allows(schema, one.applied(document)), one
    assert document == before


def test_one_place_of_each_type_comes_first_and_is_said_plainly() -> None:
    assert [one.what for one in retyped(PRODUCTS)] == [
        "with “name” as a number instead of text",
        "with “price” as text instead of a number",
        "with “sale” as text instead of true or false",
        "with “items” as an object instead of a list",
        "with a list instead of an object",
        "with “tags” as an object instead of a list",
        "with “total” as text instead of a number",
    ]
    assert [one.what for one in missing(PRODUCTS)] == [
        "without “name”",
        "without “price”",
        "without “items”",
        "without “total”",
    ]


def test_all_entries_of_a_list_go_wrong_alike() -> None:
    price = next(one for one in retyped(PRODUCTS) if "price" in one.what)
    assert [entry["price"] for entry in price.applied(PRODUCTS)["items"]] == ["14.5", "32"]
    assert price.applied({"items": []}) == {"items": []}


def test_null_and_secrets_are_left_as_they_are() -> None:
    document = {"owner": None, "token": "CANARY"}
    assert [one.what for one in retyped(document)] == ["with a list instead of an object"]


def request(path: str, expect: dict[str, Any]) -> dict[str, Any]:
    return {"do": "request", "path": path, "expect": expect}


@pytest.mark.parametrize(("depth", "noticed"), [("status", False), ("schema", True)])
def test_only_a_schema_notices_a_wrong_type_within_an_answer(depth: str, noticed: bool) -> None:
    expect = {"status": 200} | ({"schema": promise(infer(PRODUCTS))} if depth == "schema" else {})
    steps = parse({"title": "T", "kind": "api", "steps": [request("/api", expect)]}).steps
    answer = Answer(200, {"content-type": "application/json"}, json_of(PRODUCTS), 1.0)
    found = answers.tried(dict(enumerate(steps)), {0: answer}, 12)
    mutated = [one for one in found if one.kind in ("answer_missing_key", "answer_wrong_type")]
    assert len(mutated) == 8
    assert {bool(one.noticed) for one in mutated} == {noticed}


def test_all_requests_of_a_test_have_their_turn() -> None:
    steps = parse({"title": "T", "kind": "api", "steps": [request("/a", {}), request("/b", {})]}).steps
    answer = Answer(200, {}, json_of(PRODUCTS), 1.0)
    found = answers.tried(dict(enumerate(steps)), {0: answer, 1: answer}, 12)
    assert [sum(place in one.reached for one in found) for place in (0, 1)] == [7, 5]


def json_of(document: Any) -> bytes:
    return json.dumps(document).encode()


def touched(*calls: TouchedCall, texts: tuple[str, ...] = ()) -> Touched:
    return Touched({}, frozenset(), calls, after=Look(path="/", texts=texts))


def call(document: Any, method: str = "GET", **more: Any) -> TouchedCall:
    return TouchedCall("api", method, "http://shop.test/api", -1, 200, (200, {}, json_of(document)), **more)


def test_what_the_page_shows_goes_wrong_first() -> None:
    seen = touched(call([{"hidden": "nobody sees it", "name": "Blue mug", "left": 3}]), texts=("Blue mug", "Left: 3"))
    assert [one.what for one in MissingProperty.ways(seen)] == [
        "GET /api answers without “left”",
        "GET /api answers without “name”",
    ]
    assert [one.what for one in WrongType.ways(seen)] == [
        "GET /api answers with “left” as text instead of a number",
        "GET /api answers with an object instead of a list",
        "GET /api answers with “name” as a number instead of text",
    ]


def test_what_the_test_expects_goes_wrong_before_all_else() -> None:
    see = {"do": "expect_visible", "target": {"role": "link", "name": "Red mug"}}
    steps = parse({"title": "T", "steps": [see]}).steps
    seen = call([{"kind": "mug", "name": "Blue mug"}, {"kind": "pot", "name": "Red mug"}])
    look = Look(path="/", texts=("pot", "Red mug"))
    first = next(iter(MissingProperty.ways(Touched(dict(enumerate(steps)), frozenset({0}), (seen,), after=look))))
    assert first.what == "GET /api answers without “name”"


def test_what_writes_is_not_carried_out_again_and_queries_do_not_write() -> None:
    assert list(WrongType.ways(touched(call({"id": 1}, "POST")))) == []
    assert list(WrongType.ways(touched(call({"id": 1}, "POST", asks=True)))) != []
