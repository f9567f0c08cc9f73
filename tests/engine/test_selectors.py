"""What no browser could do is refused when it is written, with its place and what was probably meant."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from runs.engine.plan import Site
from runs.engine.steps.document import InvalidDocument, parse, resolved
from runs.engine.steps.selectors import wrong_css, wrong_key, wrong_xpath
from runs.engine.steps.variables import Variables

FINE = (
    "a", "#x .y > z", "div:has(> p)", ":is(h1,h2)", "a:where(.b, .c)", "li:nth-child(2n+1 of .x)", '[a="b" i]',
    'a:has-text("x")', ':text("a, (b")', "button:visible", "svg|a", "a:not(.b, .c)", ".a\\:b", "div:nth-match(.x, 2)",
    "a + b ~ c", "input:focus-visible", "::before", ".x >> text=y", "a:has(+ b)", "#\\31 23", "h1,\nh2", "ü.é",
    'td:has(a[href*="/p"], b)', "a:not(:has(b))", "#main:is(.a .b)", "input[name='a b']", ".w-1\\/2", "x-y::part(foo)",
)  # fmt: skip
WRONG = (
    "", "div >", "..x", "[a=", "a[", "a:", "#", "a:is(", 'button:has-text("x)', ">>", "a,", "a{", "1a", "a!", "[=x]",
    "(a)", "a b)", "a:not()", "a:is(..b)", "a:has(> )",
)  # fmt: skip


def problems(**step: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidDocument) as told:
        parse({"title": "T", "steps": [{"do": "reload"}, step]})
    return told.value.problems


@pytest.mark.parametrize("selector", FINE)
def test_what_browsers_and_the_driver_take_is_taken(selector: str) -> None:
    assert wrong_css(selector) == ""


@pytest.mark.parametrize("selector", WRONG)
def test_what_is_no_css_is_refused(selector: str) -> None:
    assert wrong_css(selector)


def test_no_selector_takes_long() -> None:
    for hostile in ("(" * 1_999, ":is(" * 400 + "a" + ")" * 399, "a:not(" * 300, '"' * 1_999, "\\" * 1_999, "a>" * 900):
        assert wrong_css(hostile)
    assert "at most 2,000" in wrong_css("a" * 2_001)
    assert "at most 2,000" in wrong_xpath("a" * 2_001)


def test_roles_keys_and_expressions_are_refused_with_their_place_and_what_was_meant() -> None:
    button = {"role": "buton", "name": "Pay"}
    assert problems(do="click", target=button) == [
        ("steps[1].target.role", "there is no role “buton”; did you mean button?")
    ]
    within = {"role": "button", "within": {"css": "div >"}, "frame": [{"xpath": "//a["}]}
    assert [place for place, _ in problems(do="click", target=within)] == [
        "steps[1].target.within.css",
        "steps[1].target.frame[0].xpath",
    ]
    assert problems(do="press", key="Ctrl+A") == [("steps[1].key", "there is no key “Ctrl”; did you mean Control?")]


def test_unknown_names_are_refused_with_what_was_meant() -> None:
    assert problems(do="click", target={"role": "button", "nam": "x"}) == [
        ("steps[1].target.nam", "this key is not known here; did you mean name?")
    ]
    assert problems(do="fill", target={"label": "x"}, valu="y")[-1] == (
        "steps[1].valu",
        "this key is not known here; did you mean value?",
    )
    assert problems(do="clik", target={"label": "x"})[0][1].endswith("; did you mean click?")


@pytest.mark.parametrize("chord", ["Enter", "Control+A", "Control++", "+", "a", "é", "Control+Shift+KeyT", "F12"])
def test_keys_that_there_are_are_taken(chord: str) -> None:
    assert wrong_key(chord) == ""


def test_what_variables_say_is_looked_at_once_they_say_it() -> None:
    (step,) = parse({"title": "T", "steps": [{"do": "click", "target": {"css": "{{where}}"}}]}).steps
    with pytest.raises(InvalidDocument, match="this is not CSS") as told:
        resolved(step, Variables(Site(base_url="http://x.test"), {"where": "div >"}, Random(1), datetime.now(UTC)))
    assert told.value.problems[0][0] == "target.css"
