from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr

from runs.engine.plan import Credentials, Site
from runs.engine.steps.document import InvalidDocument, document_schema, parse, resolved
from runs.engine.steps.expect_url import ExpectUrl
from runs.engine.steps.jsonpath import BadPath, select
from runs.engine.steps.variables import UnknownVariable, Variables

RELOAD = {"do": "reload"}
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SITE = Site(
    base_url="http://shop.example",
    variables={"city": "Lyon", "both": "of the site"},
    secrets={"token": SecretStr("s3cret-token")},
    credentials=Credentials(username="ali@example.com", password=SecretStr("open-sesame")),
)


def variables(row: dict[str, Any] | None = None, seed: int = 1) -> Variables:
    return Variables(SITE, row or {}, Random(seed), NOON)


@pytest.mark.parametrize(
    ("document", "path", "sentence"),
    [
        ({"steps": [RELOAD]}, "title", "this is missing"),
        ({"title": "T", "steps": []}, "steps", "1 to 500 steps"),
        ({"title": "T", "steps": [RELOAD], "colour": 1}, "colour", "not known here"),
        ({"title": "T", "steps": [RELOAD, {"do": "clik"}]}, "steps[1].do", "'clik' is not a step"),
        ({"title": "T", "steps": [{}]}, "steps[0].do", "this is missing"),
        ({"title": "T", "steps": [{"do": "click", "target": {"rol": "a"}}]}, "steps[0].target.rol", "not known"),
        (
            {"title": "T", "steps": [{"do": "click", "target": {"css": "a", "within": {"css": "b", "x": 1}}}]},
            "steps[0].target.within.x",
            "not known",
        ),
        ({"title": "T", "steps": [{"do": "click", "target": {}}]}, "steps[0].target", "in exactly one way"),
        (
            {"title": "T", "steps": [RELOAD], "start": "https://evil.example/"},
            "start",
            "not a path on the site",
        ),
        (
            {"title": "T", "steps": [RELOAD], "start": "//evil.example/"},
            "start",
            "a path on the site starts with a single /",
        ),
        (
            {"title": "T", "steps": [{"do": "goto", "path": "javascript:1"}]},
            "steps[0].path",
            "not a path on the site",
        ),
        ({"title": "T", "steps": [{"do": "expect_title"}]}, "steps[0]", "exactly one of equals, contains, matches"),
        ({"title": "T", "steps": [{"do": "expect_title", "matches": "("}]}, "steps[0].matches", "regular expression"),
        ({"title": "T", "steps": [{"do": "expect_url"}]}, "steps[0]", "give path, query"),
        ({"title": "T", "kind": "api", "steps": [RELOAD]}, "", "steps[0]: reload needs a page"),
        ({"title": "T", "version": 7, "steps": [RELOAD]}, "version", "newest is 1"),
        ({"title": "T", "steps": [RELOAD], "serial": ""}, "serial", "this is empty"),
        ({"title": "T", "steps": [RELOAD], "serial": "x" * 81}, "serial", "80 or fewer characters"),
        ({"title": "T", "steps": [RELOAD], "no_hedge": "perhaps"}, "no_hedge", "valid boolean"),
        (
            {"title": "T", "steps": [{"do": "request", "path": "/", "expect": {"json": [{"path": "$.a"}]}}]},
            "steps[0].expect.json[0]",
            "exactly one of equals",
        ),
        (
            {"title": "T", "steps": [{"do": "request", "path": "/", "json": 1, "body": "2"}]},
            "steps[0]",
            "one of json, form, body",
        ),
    ],
)
def test_what_is_wrong_with_a_document_is_said_with_its_path(
    document: dict[str, Any], path: str, sentence: str
) -> None:
    with pytest.raises(InvalidDocument) as refusal:
        parse(document)
    assert [where for where, _ in refusal.value.problems] == [path]
    assert sentence in str(refusal.value)


def test_all_problems_are_known_and_the_first_is_said() -> None:
    with pytest.raises(InvalidDocument, match=r"^steps\[0\]\.a: .*\(and 1 more\)$") as refusal:
        parse({"title": "T", "steps": [{"do": "reload", "a": 1}, {"do": "reload", "b": 1}]})
    assert [path for path, _ in refusal.value.problems] == ["steps[0].a", "steps[1].b"]


@pytest.mark.parametrize(
    ("more", "opening"),
    [
        ({"steps": [RELOAD]}, "/"),
        ({"steps": [RELOAD], "start": "/cart"}, "/cart"),
        ({"steps": [{"do": "goto", "path": "/x"}]}, None),
        ({"steps": [{"do": "request", "path": "/x"}], "kind": "api"}, None),
    ],
)
def test_a_test_opens_where_it_says_or_at_the_front_door(more: dict[str, Any], opening: str | None) -> None:
    assert parse({"title": "T", **more}).opening == opening


def test_variables_are_read_from_the_row_then_saved_then_the_site_then_the_account() -> None:
    values = variables({"both": "of the row"})
    assert values.resolve("{{both}} {{ city }} {{account.email}} {{token}}") == (
        "of the row Lyon ali@example.com s3cret-token"
    )
    values.saved["city"] = "Paris"
    assert values.resolve({"a": ["{{city}}"]}) == {"a": ["Paris"]}


def test_chance_and_time_come_from_outside() -> None:
    text = "{{random.digits(4)}} {{random.word}} {{random.email}} {{uuid}} {{now.date}} {{now}}"
    first, again, other = (variables(seed=seed).resolve(text) for seed in (1, 1, 2))
    assert first == again != other
    assert first.split()[0].isdigit()
    assert len(first.split()[0]) == 4
    assert first.endswith("2026-03-04 2026-03-04T12:00:00+00:00")


def test_a_saved_number_stays_a_number_in_json_and_becomes_text_in_text() -> None:
    values = variables()
    values.saved["id"] = 7
    raw = {"do": "request", "path": "/a/{{id}}", "json": {"id": "{{id}}", "name": "No {{id}}"}}
    step = resolved(parse({"title": "T", "steps": [raw]}).steps[0], values)
    written = step.model_dump(by_alias=True)
    assert (written["path"], written["json"]) == ("/a/7", {"id": 7, "name": "No 7"})


def test_an_unknown_variable_is_found_before_anything_is_opened() -> None:
    fill = {"do": "fill", "target": {"label": "{{nobody}}"}, "value": "{{total}}"}
    keep = {"do": "save", "name": "total", "value": "{{uuid}}"}
    early = parse({"title": "T", "start": "/{{lost}}", "steps": [fill, keep, fill]})
    assert [path for path, _ in early.unknown_variables(SITE, {})] == ["start", "steps[0]", "steps[0]", "steps[2]"]
    assert early.unknown_variables(SITE, {"nobody": 1, "lost": 2, "total": 3}) == []
    with pytest.raises(UnknownVariable, match="nobody"):
        variables().resolve("{{nobody}}")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [{"a": [{"b": 1}, {"b": 2}], "c d": None}]),
        ("$.a[0].b", [1]),
        ("$.a[-1].b", [2]),
        ("$.a[*].b", [1, 2]),
        ("$['c d']", [None]),
        ('$["c d"]', [None]),
        ("$.a[5]", []),
        ("$.missing.b", []),
    ],
)
def test_json_paths_lead_to_values(path: str, found: list[Any]) -> None:
    assert select({"a": [{"b": 1}, {"b": 2}], "c d": None}, path) == found


@pytest.mark.parametrize("path", ["a.b", "$.a[", "$..a", "$.a[x]", "$['a\"]", "$" + ".a" * 500])
def test_a_json_path_that_is_not_understood_is_refused(path: str) -> None:
    with pytest.raises(BadPath):
        select({}, path)


@pytest.mark.parametrize(
    ("step", "url", "fits"),
    [
        ({"path": "/cart"}, "http://a/cart?x=1#top", True),
        ({"path": "/cart"}, "http://a/cart/2", False),
        ({"path": "/"}, "http://a", True),
        ({"path": "/caf%C3%A9"}, "http://a/café", True),
        ({"path": "/cart", "query": {"q": "blue mug"}}, "http://a/cart?q=blue+mug&p=2", True),
        ({"query": {"q": "red"}}, "http://a/cart?q=blue", False),
        ({"contains": "art?q"}, "http://a/cart?q=1", True),
        ({"matches": r"^/orders/\d+$"}, "http://a/orders/42", True),
        ({"matches": r"^/orders/\d+$"}, "http://a/orders/new", False),
    ],
)
def test_an_address_fits_by_path_and_by_the_parameters_that_are_given(
    step: dict[str, Any], url: str, fits: bool
) -> None:
    assert ExpectUrl.model_validate({"do": "expect_url", **step}).fits(url) is fits


def test_a_test_may_say_that_it_runs_alone_of_its_name_and_never_twice_at_once() -> None:
    plain = parse({"title": "T", "steps": [RELOAD]})
    assert (plain.serial, plain.no_hedge) == (None, False)
    said = parse({"title": "T", "steps": [RELOAD], "serial": "the till", "no_hedge": True})
    assert (said.serial, said.no_hedge) == ("the till", True)
    known = document_schema()["properties"]
    assert known["no_hedge"]["type"] == "boolean"
    assert known["serial"]["anyOf"][0]["maxLength"] == 80


@pytest.mark.parametrize(
    ("fields", "where", "sentence"),
    [
        ({"data": [{}] * 10_001}, "data", "a test has at most 10,000 rows of data; this one has 10,001"),
        ({"tags": ["a"] * 101}, "tags", "a test has at most 100 tags; this one has 101"),
        ({"depends_on": ["TC-1"] * 101}, "depends_on", "a test has at most 100 tests that it depends on"),
        ({"steps": [{"do": "reload"}] * 501}, "steps", "a test has 1 to 500 steps; this one has 501"),
        ({"data": [{}, {f"c{n}": 1 for n in range(101)}]}, "data", "at most 100 values; row 2 has 101"),
        ({"data": [{"note": "x" * 10_001}]}, "data", "at most 10,000 characters; “note” of row 1 has more"),
    ],
)
def test_too_much_is_one_sentence(fields: dict[str, Any], where: str, sentence: str) -> None:
    with pytest.raises(InvalidDocument) as told:
        parse({"title": "T", "steps": [{"do": "reload"}], **fields})
    assert [place for place, _ in told.value.problems] == [where]
    assert sentence in told.value.problems[0][1]
