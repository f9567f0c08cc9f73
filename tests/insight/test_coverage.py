"""Which tests are about what."""

from __future__ import annotations

from typing import Any

import pytest

from runs.insight.application import KnownPart, TestOf, coverage

TEMPLATE = KnownPart("template", "p", "Product", facts={"signatures": ["old", "new"]})
PAGE = KnownPart("page", "/p/1", "One", template="p")
FIELD = {"name": "count", "label": "Quantity", "type": "number", "required": True}
FORM = KnownPart("form", "f", "Buy", facts={"fields": [FIELD], "submit": "Add to cart", "templates": ["p"]})
ENDPOINT = KnownPart("endpoint", "e", "e", facts={"method": "GET", "path": "/api/p/{id}", "templates": ["p"]})
PARTS = [TEMPLATE, PAGE, FORM, ENDPOINT]


def a_test(*steps: dict[str, Any], **fields: Any) -> TestOf:
    made = {"id": "TC-1", "title": "T", "approved": True, "stale": False, "page": "", "template": "", **fields}
    return TestOf(**made, document={"steps": list(steps)})


@pytest.mark.parametrize("fields", [{"template": "old"}, {"template": "new"}, {"page": "/p/1"}], ids=str)
def test_a_test_is_about_its_pages_kind_also_after_a_change_of_structure(fields: dict[str, Any]) -> None:
    found = coverage(PARTS, [a_test(**fields)])
    assert (found.cover_of(TEMPLATE), found.cover_of(FORM), found.cover_of(ENDPOINT)) == ("covered", "none", "none")


@pytest.mark.parametrize(
    "target",
    [{"label": "Quantity"}, {"role": "spinbutton", "name": "count"}, {"role": "button", "name": "Add to cart"}],
)
def test_a_form_is_covered_by_a_test_that_uses_it_where_it_is(target: dict[str, Any]) -> None:
    step = {"do": "click", "target": target}
    assert coverage(PARTS, [a_test(step, template="new")]).cover_of(FORM) == "covered"
    assert coverage(PARTS, [a_test(step, template="elsewhere")]).cover_of(FORM) == "none"
    assert coverage(PARTS, [a_test({**step, "do": "expect_visible"}, template="new")]).cover_of(FORM) == "none"


@pytest.mark.parametrize(
    ("step", "covered"),
    [
        ({"method": "GET", "path": "/api/p/7"}, True),
        ({"method": "GET", "path": "/api/p/{{product}}?x=1"}, True),
        ({"path": "/api/p/7"}, True),
        ({"method": "POST", "path": "/api/p/7"}, False),
        ({"method": "GET", "path": "/api/p/7/stock"}, False),
    ],
)
def test_an_endpoint_is_covered_by_a_test_that_asks_it(step: dict[str, Any], covered: bool) -> None:
    found = coverage(PARTS, [a_test({"do": "request", **step})])
    assert (found.cover_of(ENDPOINT) == "covered") is covered


def test_proposals_are_no_coverage_and_stale_tests_are_none_at_all() -> None:
    assert coverage(PARTS, [a_test(template="new", approved=False)]).cover_of(TEMPLATE) == "proposed"
    assert coverage(PARTS, [a_test(template="new", stale=True)]).cover_of(TEMPLATE) == "none"
