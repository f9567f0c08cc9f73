from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runs.engine.traffic import infer, merge

STEADY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYS = st.sampled_from(["id", "name", "state", "tags", "password", "a1b2c3d4e5", "ada@example.com", "2026-01-02"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.sampled_from(
        ["open", "closed", "", "2026-01-02", "2026-01-02T03:04:05Z", "ada@example.com", "https://a.test/b"]
    ),
)
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def allows(schema: dict[str, Any], value: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(value))


@STEADY
@given(DOCUMENTS)
def test_a_shape_is_a_valid_schema_that_allows_what_it_was_made_of(document: Any) -> None:
    schema = infer(document)
    Draft202012Validator.check_schema(schema)
    assert allows(schema, document)


@STEADY
@given(DOCUMENTS, DOCUMENTS)
def test_a_merged_shape_allows_what_both_were_made_of(one: Any, other: Any) -> None:
    schema = merge(infer(one), infer(other))
    Draft202012Validator.check_schema(schema)
    assert allows(schema, one)
    assert allows(schema, other)


@STEADY
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_the_order_in_which_things_are_seen_does_not_matter(one: Any, two: Any, three: Any) -> None:
    a, b, c = infer(one), infer(two), infer(three)
    assert merge(a, a) == a
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


def test_entries_of_a_list_share_one_shape() -> None:
    schema = infer([{"id": 1, "name": "Mug"}, {"id": 2, "name": "Pot", "sale": 0.2}])
    assert schema["items"]["required"] == ["id", "name"]
    assert schema["items"]["properties"]["sale"] == {"type": "number"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-26T04:34:30Z", "date-time"),
        ("2026-11-26", "date"),
        ("8f14e45f-ceea-467f-a9f1-2d5e1c0f9a11", "uuid"),
        ("ada@example.com", "email"),
        ("https://shop.test/p/7", "uri"),
    ],
)
def test_a_format_is_named_where_all_samples_agree(value: str, expected: str) -> None:
    assert infer([value, value])["items"] == {"type": "string", "format": expected}
    assert infer([value, "something else"])["items"] == {"type": "string"}
    assert merge(infer(value), infer(None)) == {"type": ["null", "string"], "format": expected}


def test_few_repeated_words_are_an_enumeration_and_names_of_people_are_none() -> None:
    rows = [{"state": state, "owner": "ada"} for state in ("open", "closed", "open", "open")]
    properties = infer(rows)["items"]["properties"]
    assert properties["state"] == {"type": "string", "enum": ["closed", "open"]}
    assert properties["owner"] == {"type": "string"}


def test_a_value_that_was_seen_once_is_never_kept() -> None:
    assert infer({"state": "open", "note": "call me"})["properties"] == {
        "note": {"type": "string"},
        "state": {"type": "string"},
    }


def test_one_more_kind_of_value_takes_an_enumeration_away() -> None:
    several = infer(["a", "a", "b", "b"])
    assert merge(several, infer(["free text"]))["items"] == {"type": "string"}
    assert merge(several, infer([1]))["items"] == {"type": ["integer", "string"]}


def test_keys_that_are_data_are_entries_and_not_fields() -> None:
    schema = infer({"stock": {"1001": {"left": 3}, "1002": {"left": None}, "ada@example.com": {"left": 1}}})
    stock = schema["properties"]["stock"]
    assert stock["properties"] == {}
    assert stock["additionalProperties"]["properties"]["left"] == {"type": ["integer", "null"]}


@pytest.mark.parametrize("key", ["password", "accessToken", "cardNumber", "api_key", "X-Authorization", "sessionId"])
def test_of_a_secret_only_the_key_is_known(key: str) -> None:
    assert infer({key: {"inner": "CANARY"}}) == {"type": "object", "properties": {key: {}}, "required": [key]}


@pytest.mark.parametrize("key", ["author", "discard", "cardinality", "passenger", "authored_by", "keyboard"])
def test_names_that_only_sound_alike_are_no_secrets(key: str) -> None:
    assert infer({key: 1})["properties"][key] == {"type": "integer"}


def test_a_document_without_end_has_a_shape_with_one() -> None:
    wide: dict[str, Any] = {f"field{chr(97 + one)}{chr(97 + two)}": [[]] for one in range(26) for two in range(26)}
    schema = infer(wide)
    assert len(schema["properties"]) <= 80
    assert allows(schema, wide)
    deep: Any = 1
    for _ in range(200):
        deep = {"next": deep}
    assert allows(infer(deep), deep)
