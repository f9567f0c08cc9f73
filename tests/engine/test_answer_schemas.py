"""How a JSON Schema of an answer reads, and what is said where an answer does not fit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runs.engine.steps import jsonpath
from runs.engine.steps.answer import Answer, AnswerExpectation
from runs.engine.steps.base import StepFailed
from runs.engine.steps.document import parse
from runs.engine.steps.json_schema import described, fits
from runs.engine.traffic import infer, promise
from tests.engine.traffic.test_schema import DOCUMENTS, STEADY

PRODUCT: dict[str, Any] = {
    "type": "object",
    "required": ["name", "price"],
    "properties": {"name": {"type": "string"}, "price": {"type": "number"}, "note": {"type": "string"}},
}
LISTED = {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": PRODUCT}}}
NULLABLE = {"properties": {"nick": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}


@pytest.mark.parametrize(
    ("schema", "document", "sentence"),
    [
        (PRODUCT, {"name": "Mug", "price": "14.50"}, "Expected $.price to be a number, but it is text"),
        (PRODUCT, {"name": "Mug"}, "Expected the answer to have “price”, but there is no such property"),
        (PRODUCT, {}, "Expected the answer to have “name” and “price”, but there is no such property"),
        (PRODUCT, [], "Expected the answer to be an object, but it is a list"),
        (
            LISTED,
            {"items": [{"name": "Mug", "price": 1}, {"name": "Pot"}]},
            "Expected $.items[1] to have “price”, but there is no such property",
        ),
        (
            {"properties": {"old": False}},
            {"old": "x"},
            "Expected the answer to fit its JSON Schema, but there is text where nothing may be",
        ),
        (LISTED, {"items": {}}, "Expected $.items to be a list, but it is an object"),
        (NULLABLE, {"nick": 3}, "Expected $.nick to be text or null, but it is a whole number"),
        ({"type": ["integer", "null"]}, 1.5, "Expected the answer to be a whole number or null, but it is a number"),
        (
            {"properties": {"a b": {"type": "boolean"}}},
            {"a b": None},
            "Expected $['a b'] to be true or false, but it is null",
        ),
        (
            {"properties": {"state": {"enum": ["open"]}}},
            {"state": "shut"},
            "Expected $.state to fit enum of its JSON Schema, but it is 'shut'",
        ),
        (
            {"additionalProperties": False},
            {"a": 1},
            (
                "Expected the answer to fit its JSON Schema, "
                "but additional properties are not allowed ('a' was unexpected)"
            ),
        ),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(schema: dict[str, Any], document: Any, sentence: str) -> None:
    with pytest.raises(StepFailed) as failed:
        fits(document, schema)
    assert failed.value.message == sentence


@STEADY
@given(DOCUMENTS, DOCUMENTS)
def test_what_fits_passes_and_of_what_does_not_no_value_is_said(seen: Any, document: Any) -> None:
    canary = json.loads(json.dumps(document).replace('"open"', '"CANARY"').replace('"closed"', '"CANARY"'))
    schema = promise(infer(seen))
    fits(seen, schema)
    if not Draft202012Validator(schema).is_valid(canary):
        with pytest.raises(StepFailed) as failed:
            fits(canary, schema)
        said = failed.value
        assert "CANARY" not in f"{said.message} {said.expected} {said.received}"
        assert "\n" not in said.message


def test_a_secret_that_does_not_fit_is_not_said() -> None:
    with pytest.raises(StepFailed) as failed:
        fits({"token": "CANARY"}, {"properties": {"token": {"const": "other"}}})
    assert failed.value.message == "Expected $.token to fit const of its JSON Schema, but it is text"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (PRODUCT, "has name (text) and price (number)"),
        ({"type": "array", "items": PRODUCT}, "is a list, each with name (text) and price (number)"),
        (LISTED, "has items (list, each with name (text) and price (number))"),
        (NULLABLE, "has nick (text or null)"),
        ({"type": "array"}, "is a list"),
        ({"allOf": [PRODUCT, {"required": ["id"]}]}, "has name (text), price (number) and id"),
        ({"type": "object", "required": list("abcdefgh")}, "has a, b, c, d, e, f and 2 more"),
        ({"enum": [1, 2]}, "fits a JSON Schema"),
        ({}, "fits a JSON Schema"),
    ],
)
def test_a_schema_reads_as_names_and_types(schema: dict[str, Any], words: str) -> None:
    assert described(schema) == words


@pytest.mark.parametrize(
    ("expect", "sentence"),
    [
        ({}, "Send GET /api"),
        ({"status": [404, 410]}, "Send GET /api; the answer is 404 or 410"),
        ({"status": 200, "schema": PRODUCT}, "Send GET /api; the answer is 200 and has name (text) and price (number)"),
        (
            {
                "json": [{"path": "$.id", "equals": 7}, {"path": "$.left", "exists": False}],
                "contains": "mug",
                "max_ms": 90,
            },
            'Send GET /api; the answer has 7 at $.id, has no $.left, contains "mug" and takes no more than 90 ms',
        ),
    ],
)
def test_a_request_says_what_it_expects(expect: dict[str, Any], sentence: str) -> None:
    step = {"do": "request", "path": "/api", "expect": expect}
    assert parse({"title": "T", "kind": "api", "steps": [step]}).steps[0].sentence() == sentence


@given(
    st.lists(
        st.text(max_size=6).filter(lambda name: not {"'", '"'} <= set(name)) | st.integers() | st.none(), max_size=4
    )
)
def test_a_path_is_spelled_as_it_is_read(parts: list[str | int | None]) -> None:
    assert jsonpath.parse(jsonpath.spelled(parts)) == parts


def test_what_is_no_json_does_not_fit() -> None:
    expectation = AnswerExpectation.model_validate({"schema": PRODUCT})
    with pytest.raises(StepFailed, match='Expected JSON, but the answer is "<h1>Hi</h1>"'):
        expectation.verify(Answer(200, {}, b"<h1>Hi</h1>", 1.0))
