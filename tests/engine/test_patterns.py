"""Expressions of people and of sites: what is supported, what is refused, and that none can run away."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from runs.engine.crawl.scope import Scope
from runs.engine.page.pattern_samples import accepts
from runs.engine.page.safety import Control, refusal
from runs.engine.patterns import MOST_TEXT, Unsupported, checked, fits, found, of_words
from runs.engine.plan import CrawlOptions
from runs.engine.steps.base import StepFailed
from runs.engine.steps.document import InvalidDocument, parse, resolved
from runs.engine.steps.json_schema import fits as fits_schema

RUNAWAY = ("(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){12}$", r"(\w+\s?)*$", r"^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y")


@pytest.mark.parametrize("pattern", RUNAWAY)
def test_what_runs_away_elsewhere_ends_here(pattern: str) -> None:
    for text in ("a" * 50_000 + "!", "x" * 50_000, "aA" * 25_000 + "!"):
        found(pattern, text)
        fits(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("a(?=b)", "looking ahead or behind"),
        ("(?<!a)b", "looking ahead or behind"),
        (r"(a)\1", "referring back to a group"),
        ("(?P<x>a)(?P=x)", "referring back to a group"),
        ("(?>a)", "groups that begin with"),
        ("(?x)a b", "groups that begin with"),
        (r"end\Z", r"\z or $"),
        (r"\u00fc", "write the character itself"),
        (r"\bÜbersicht", "cannot stand beside Ü"),
        ("(", "is not a regular expression: missing )"),
        ("a**", "is not a regular expression: bad repetition operator"),
        ("a{2000}", "{2000} repeats too often; 1,000 times is the most"),
        ("(?:.{1,100}){50}", "{50} repeats too often"),
        (r"\pL\pN" * 3, "is too large"),
        ("a" * 1_001, "at most 1,000 characters"),
        ("\ud800", "half of a character"),
    ],
)
def test_what_is_not_supported_is_said_in_one_sentence(pattern: str, sentence: str) -> None:
    with pytest.raises(Unsupported) as refused:
        checked(pattern)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_texts_are_read_as_people_see_them() -> None:
    assert found(r"^Total\s+5 €$", "Total\u00a0 5 €")
    assert found(r"\p{L}+", "Größe")
    assert found("(?i)ÜBERSICHT", "Übersicht")
    assert found("x", "\ud800x")
    assert found("b$", "a" * MOST_TEXT + "b") is False
    assert fits("a*", "a" * 10)
    assert not fits("a*", "ab")


def test_words_for_the_browser_may_stand_any_space_apart() -> None:
    assert of_words("a.b  c", whole=False).search("x a.b\n c y")
    assert not of_words("a b", whole=True).search("x a b")


STEPS: list[dict[str, Any]] = [
    {"do": "expect_url", "matches": "(?=a)"},
    {"do": "expect_title", "matches": "(?=a)"},
    {"do": "expect_text", "target": {"role": "alert"}, "matches": "(?=a)"},
    {"do": "expect_value", "target": {"label": "Name"}, "matches": "(?=a)"},
    {"do": "expect_no_console_errors", "ignore": ["(?=a)"]},
    {"do": "expect_no_failed_requests", "ignore": ["(?=a)"]},
    {"do": "request", "path": "/", "expect": {"schema": {"properties": {"a": {"pattern": "(?=a)"}}}}},
    {"do": "request", "path": "/", "expect": {"schema": {"patternProperties": {"(?=a)": {}}}}},
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step['do']} {list(step)[-1]}")
def test_a_test_with_an_expression_that_is_not_supported_is_refused_with_its_place(step: dict[str, Any]) -> None:
    with pytest.raises(InvalidDocument) as refused:
        parse({"title": "T", "steps": [step]})
    ((place, sentence),) = refused.value.problems
    assert place.startswith("steps[0].")
    assert "looking ahead" in sentence


def test_a_variable_cannot_bring_in_what_is_not_supported() -> None:
    document = parse({"title": "T", "steps": [{"do": "expect_url", "matches": "{{part}}x"}]})

    class Variables:
        def resolve(self, _value: Any) -> Any:
            return {"do": "expect_url", "matches": "(?=a)x"}

    with pytest.raises(InvalidDocument, match="looking ahead"):
        resolved(document.steps[0], Variables())  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["include", "exclude", "allow_actions", "deny_actions"])
def test_options_of_a_crawl_are_refused_with_their_place(option: str) -> None:
    with pytest.raises(ValidationError, match="looking ahead") as refused:
        CrawlOptions.model_validate({option: ["^/ok", "(?=a)"]})
    assert refused.value.errors()[0]["loc"] == (option, 1)


def test_options_of_a_crawl_cannot_run_away() -> None:
    options = CrawlOptions(include=("(a+)+$",), exclude=("(a|a)*!$",), deny_actions=("(a+)+$",), allow_actions=RUNAWAY)
    scope = Scope.for_crawl("http://shop.test/", options)
    assert not scope.admits(f"http://shop.test/{'a' * 5_000}!")
    assert refusal(Control("a" * 5_000), options) == "is on the list of what is not pressed"
    assert accepts("(a+)+b", "a" * 100) is False


def test_a_schema_of_an_answer_cannot_run_away() -> None:
    text = "a" * 5_000
    fits_schema({text: 1}, {"patternProperties": {"(a+)+!$": {"type": "string"}}})
    fits_schema({text: 1}, {"patternProperties": {"(a+)+$": {}}, "additionalProperties": False})
    fits_schema([text], {"items": {"not": {"pattern": "(a+)+!$"}}})


def test_patterns_of_a_schema_still_say_what_fits() -> None:
    schema = {"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": False, "properties": {"a": {}}}
    fits_schema({"a": 1, "x-b": "c"}, schema)
    with pytest.raises(StepFailed, match="'b' was unexpected"):
        fits_schema({"a": 1, "x-b": "c", "b": 1}, schema)
    with pytest.raises(StepFailed, match="to be text, but it is a whole number"):
        fits_schema({"x-b": 1}, schema)
    with pytest.raises(StepFailed, match="fit pattern of its JSON Schema"):
        fits_schema("abc", {"pattern": "^b"})
    with pytest.raises(StepFailed, match="fit uniqueItems"):
        fits_schema([{"a": 1}, {"a": 1.0}], {"uniqueItems": True})
    fits_schema([1, True, "1", [1], {"a": 1}], {"uniqueItems": True})


def test_schemas_that_ask_for_the_same_part_without_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.engine.steps.validating.MOST_WORK", 20_000)

    doubled = {f"s{n}": {"anyOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(40)}
    with pytest.raises(StepFailed, match="cannot be applied: it takes more than 20,000 comparisons"):
        fits_schema(1, {"$ref": "#/$defs/s0", "$defs": {**doubled, "s40": {"type": "string"}}})
    with pytest.raises(StepFailed, match="cannot be applied"):
        fits_schema(1, {"$ref": "#"})
