"""No expression of ours runs away on what a site says. Those of people and sites: see `runs/engine/patterns.py`.

Python's engine backtracks and holds the interpreter meanwhile, so that one such expression stops a whole worker.
"""

from __future__ import annotations

import re

import pytest

from tests import scripts
from tests.backtracking import Mode, Unread, runs_away
from tests.expressions import own

# Made of words that are escaped: the place, and the expression with a word put in.
OF_WORDS = {
    "runs/api/triggering.py: f'{re.escape(name)}(?![^.\\\\[])'": r"word(?![^.\[])",
    "runs/engine/generate/preferences.py: f'\\\\b{re.escape(name)}\\\\b'": r"\bword\b",
    "runs/engine/locate.py: f'^\\\\s*{words}{marks}$'": r"^\s*two\s+words[\s*:]*$",
    "runs/engine/page/volatile.py: re.escape(value)": "word",
    "runs/engine/patterns.py: f'^\\\\s*{words}\\\\s*$' if whole else words": r"^\s*two\s+words\s*$",
    "runs/engine/prove/mutations/base.py: f'^{re.escape(call.base)}(?:[?#].*)?$'": r"^word(?:[?#].*)?$",
    "runs/engine/prove/mutations/json_mutant.py: f'(?<![\\\\w.]){re.escape(word)}(?![\\\\w.])'": (
        r"(?<![\w.])word(?![\w.])"
    ),
}
# Of these the work is quadratic in a text that is short: the most characters that it can have where it is asked.
SHORT = {
    "runs/engine/crawl/address_shapes.py: VARIES": 80,  # longer segments are variable without a look
    "runs/engine/traffic/addresses.py: _VARIES": 80,  # likewise
    "runs/insight/normalising.py: ID": 80,  # likewise
    "runs/engine/traffic/json_shape.py: _DATA": 60,  # the name of a field has no more
    "runs/engine/page/pattern_samples.py: _TOKEN": 120,  # `accepts` takes no longer pattern
    "runs/engine/steps/jsonpath.py: PART": 1_000,  # LONGEST
    "runs/engine/steps/selectors.py: _QUOTED": 2_000,  # LONGEST
}
# A worker of a drill hangs by it.
MEANT_TO = {"runs/management/drill/spinning.py: (a+)+$"}


def test_no_expression_of_ours_runs_away() -> None:
    found, not_written_out = own()
    assert len(found) > 150
    assert not_written_out == set(OF_WORDS)
    grown: dict[str, str] = {}
    for one in found:
        for mode in one.modes:
            if said := growth(one.pattern, one.flags, mode):
                grown[one.where] = said
    assert {where: said for where, said in grown.items() if where not in SHORT and where not in MEANT_TO} == {}
    assert set(grown) >= MEANT_TO
    assert {where for where, said in grown.items() if said.startswith("polynomial")} == set(SHORT)


@pytest.mark.parametrize("pattern", OF_WORDS.values())
def test_what_is_put_round_words_does_not_run_away(pattern: str) -> None:
    assert growth(pattern, re.IGNORECASE) == ""


def test_no_expression_of_our_scripts_runs_away() -> None:
    """Those of the engine read foreign pages, where one that hangs holds up the tab that it looks at."""
    found = list(scripts.expressions())
    assert len(found) > 40
    assert {(where, pattern): said for where, pattern, flags in found if (said := growth(pattern, flags))} == {}
    assert {where for where, text in scripts.texts() if "new RegExp(" in text} == set()


def growth(pattern: str, flags: int = 0, mode: Mode = "search") -> str:
    try:
        return runs_away(pattern, flags, mode)
    except Unread as error:
        return str(error)


EXPONENTIAL, POLYNOMIAL = "exponential", "polynomial"


@pytest.mark.parametrize(
    ("pattern", "mode", "said"),
    [
        ("(a+)+$", "match", EXPONENTIAL),
        ("(a|a)*$", "match", EXPONENTIAL),
        ("(a*)*b", "match", EXPONENTIAL),
        ("(a?){30}b", "match", EXPONENTIAL),
        ("(ab|a|b)*c", "match", EXPONENTIAL),
        (r"(\w+\s?)*", "fullmatch", EXPONENTIAL),
        ("(a{1,30}b?){1,30}c", "match", EXPONENTIAL),
        ("a*a*$", "match", POLYNOMIAL),
        ("a.*b.*c", "match", POLYNOMIAL),
        (r"\d{0,300}\d{0,300}x", "match", POLYNOMIAL),
        (r"\s+$", "search", POLYNOMIAL),
        (r"\d+x", "search", POLYNOMIAL),
        (r"\d+\b", "search", POLYNOMIAL),
        (r"\[[^\]]*\]", "search", POLYNOMIAL),
        ("“(.+)”", "search", POLYNOMIAL),
        ("(?=.*x)y", "search", POLYNOMIAL),
        ("(?:(?=a*).)*", "match", POLYNOMIAL),
        ("(?i:k+\u212a+)x", "match", POLYNOMIAL),
        (r"x{0,5000}y", "search", POLYNOMIAL),
        (r"(['\"]).*?\1", "search", "not understood"),
    ],
)
def test_what_runs_away_is_found(pattern: str, mode: Mode, said: str) -> None:
    assert said in growth(pattern, mode=mode)


@pytest.mark.parametrize(
    ("pattern", "mode"),
    [
        ("a+$", "match"),
        ("(a|ab)*c", "match"),
        ("(a+b)*c", "match"),
        (r"\d+", "search"),
        (r"\b\w+\b", "search"),
        (r"(?<!\s)\s+$", "search"),
        ('"[^"]*"', "search"),
        (r"\[[^\]]*\]?", "search"),
        ("a{1,300}x", "search"),
        (r"^\s*x", "search"),
        (r"(?m:^[^\S\n]*x)", "search"),
        ("[A-Z]+(?![a-z])", "search"),
        (r"[a-z]+(\.[a-z]+)*", "fullmatch"),
        ("(?s:([^?#]*)([?#]?)(.*))", "fullmatch"),
        (r"(?=.*\d)(?=.*[A-Z])\w{24,}", "fullmatch"),
    ],
)
def test_what_does_not_run_away_is_left_alone(pattern: str, mode: Mode) -> None:
    assert growth(pattern, mode=mode) == ""


def test_expressions_in_scripts_are_found_and_divisions_are_not() -> None:
    text = r"""
    const half = width / 2 / scale; // not /this/
    const lines = `${text.replace(/\s+/g, " ")} / ${a / b}`, quoted = "/no/";
    if (!/^[/\]]+$/i.test(name)) return /x\/y/.exec(line);
    """
    assert list(scripts.literals(text)) == [(r"\s+", "g"), (r"^[/\]]+$", "i"), (r"x\/y", "")]
