"""Every kind of step goes through the same tests."""

from typing import Any

import pytest

from runs.engine.steps import STEPS
from runs.engine.steps.document import InvalidDocument, document_schema, parse

BUTTON = {"role": "button", "name": "Save"}
EXAMPLES: dict[str, dict[str, Any]] = {
    "goto": {"path": "/cart?step=2"},
    "reload": {},
    "back": {},
    "click": {"target": BUTTON},
    "hover": {"target": BUTTON},
    "fill": {"target": {"label": "E-mail"}, "value": "{{account.email}}"},
    "press": {"key": "Enter", "target": {"label": "E-mail"}},
    "select": {"target": {"label": "Country"}, "value": "France"},
    "check": {"target": {"label": "I agree"}},
    "uncheck": {"target": {"label": "I agree"}},
    "scroll": {"to": "bottom"},
    "wait_for": {"target": BUTTON, "state": "hidden"},
    "expect_visible": {"target": BUTTON},
    "expect_hidden": {"target": BUTTON},
    "expect_text": {"target": {"role": "alert"}, "contains": "incorrect"},
    "expect_value": {"target": {"label": "E-mail"}, "equals": "ali@example.com"},
    "expect_url": {"path": "/cart", "query": {"step": "2"}},
    "expect_title": {"matches": "^Cart"},
    "expect_count": {"target": {"role": "listitem"}, "count": 3},
    "expect_no_console_errors": {"ignore": ["favicon"]},
    "expect_no_failed_requests": {"third_party": True},
    "request": {
        "method": "POST",
        "path": "/api/cart",
        "json": {"product": "{{product}}", "count": None},
        "expect": {"status": [200, 201], "json": [{"path": "$.items[0].name", "equals": "Blue mug"}], "max_ms": 900},
        "save": {"cart": "$.id"},
    },
    "save": {"name": "total", "target": {"test_id": "total"}},
}
KINDS = list(STEPS)


def document(kind: str, **more: Any) -> dict[str, Any]:
    return {"title": "A test", "steps": [{"do": kind, **EXAMPLES[kind], **more}]}


def test_each_kind_has_an_example_here_and_each_example_a_kind() -> None:
    assert set(EXAMPLES) == set(STEPS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_survives_being_written_and_read_again(kind: str) -> None:
    read = parse(document(kind, timeout=900, optional=True, soft=True, note="why")).steps[0]
    written = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
    again = parse({"title": "A test", "steps": [written]}).steps[0]
    assert type(read) is STEPS[kind]
    assert again == read
    assert written["do"] == read.do == kind
    assert set(written) == {"do", "timeout", "optional", "soft", "note", *EXAMPLES[kind]}


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_reads_as_one_plain_sentence(kind: str) -> None:
    sentence = parse(document(kind)).steps[0].sentence()
    assert sentence[0].isupper()
    assert "\n" not in sentence
    assert not sentence.endswith(".")
    assert len(sentence.split()) >= 2
    assert "None" not in sentence


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_key_is_refused_with_its_path(kind: str) -> None:
    with pytest.raises(InvalidDocument) as refusal:
        parse(document(kind, colour="blue"))
    assert refusal.value.problems == [("steps[0].colour", "this key is not known here")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_has_a_json_schema_that_explains_itself(kind: str) -> None:
    schema = STEPS[kind].model_json_schema(by_alias=True)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["do"]["const"] == kind
    assert "do" in schema["required"]
    assert schema["description"]
    assert set(EXAMPLES[kind]) <= set(schema["properties"])


def test_the_schema_of_a_document_tells_steps_apart_by_do() -> None:
    schema = document_schema()
    items = schema["properties"]["steps"]["items"]
    assert items["discriminator"]["propertyName"] == "do"
    assert set(items["discriminator"]["mapping"]) == set(STEPS)
    assert schema["properties"]["steps"]["minItems"] == 1
