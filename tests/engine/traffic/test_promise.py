"""What is expected of an answer from what was seen of it: no value, and nothing that another day shows otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runs.engine.traffic import AnswerField, fields, infer, merge, promise
from tests.engine.traffic.test_schema import DOCUMENTS, STEADY, allows


def promised(*documents: Any) -> dict[str, Any]:
    shape = infer(documents[0])
    for one in documents[1:]:
        shape = merge(shape, infer(one))
    return promise(shape)


def otherwise(value: Any) -> Any:
    """The same document on another day: other words, other numbers, lists that are empty."""
    if isinstance(value, dict):
        return {name: otherwise(part) for name, part in value.items()}
    if isinstance(value, list):
        return [otherwise(value[0])] if len(value) > 1 else []
    if isinstance(value, bool):
        return not value
    return "something else" if isinstance(value, str) else value if value is None else value + 0.5


@STEADY
@given(DOCUMENTS, DOCUMENTS)
def test_what_was_seen_and_what_is_like_it_fits(one: Any, other: Any) -> None:
    schema = promised(one, other)
    Draft202012Validator.check_schema(schema)
    for document in (one, other, otherwise(one), otherwise(other)):
        assert allows(schema, document)


@STEADY
@given(DOCUMENTS)
def test_no_value_and_nothing_guessed_from_one_is_in_it(document: Any) -> None:
    assert not {"enum", "const", "format", "pattern"} & words(promised(document))


def words(value: Any) -> set[str]:
    if isinstance(value, dict):
        inner = value.get("properties", {}).values()
        parts = [part for name, part in value.items() if name != "properties"]
        return {*value}.union(*(words(part) for part in (*inner, *parts)))
    return set()


@STEADY
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(), min_size=1))
def test_a_text_for_a_number_and_a_missing_property_do_not_fit(document: dict[str, int]) -> None:
    schema = promised(document)
    for name, value in document.items():
        assert not allows(schema, {**document, name: str(value)})
        assert not allows(schema, {key: other for key, other in document.items() if key != name})


def test_where_observations_differ_both_may_come() -> None:
    schema = promised({"id": 1, "note": None, "sale": 2}, {"id": "x7", "note": "thin"}, {"id": 2, "note": "thick"})
    assert schema["required"] == ["id", "note"]
    assert schema["properties"] == {
        "id": {"type": ["number", "string"]},
        "note": {"type": ["null", "string"]},
        "sale": {"type": "number"},
    }


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, {}),
        ([], {"type": "array"}),
        ({}, {"type": "object"}),
        ({"owner": None}, {"type": "object", "properties": {"owner": {}}, "required": ["owner"]}),
        ({"1001": 3, "1002": 4}, {"type": "object", "additionalProperties": {"type": "number"}}),
        ({f"word{chr(97 + n // 26)}{chr(97 + n % 26)}": n for n in range(61)}, {"type": "object"}),
    ],
)
def test_of_what_says_little_little_is_expected(document: Any, expected: dict[str, Any]) -> None:
    assert promised(document) == expected


def test_of_a_secret_only_its_name_is_expected() -> None:
    document = {"user": {"name": "Ada", "accessToken": "CANARY-1", "card": {"number": "CANARY-2"}}}
    schema = promised(document)
    assert "CANARY" not in json.dumps(schema)
    assert schema["properties"]["user"]["properties"] == {"accessToken": {}, "card": {}, "name": {"type": "string"}}


def test_places_are_known_with_their_types() -> None:
    found = list(fields(promised({"items": [{"price": 1, "sale": 2}, {"price": 2}]})))
    assert found == [
        AnswerField((), ("object",)),
        AnswerField(("items",), ("array",)),
        AnswerField(("items", None, "price"), ("number",)),
        AnswerField(("items", None, "sale"), ("number",), required=False),
    ]
