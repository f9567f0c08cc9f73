"""What kind of failure it is, in plain words. A table: the first rule that holds wins, so the order is the meaning.

Whatever says nothing about the application comes first; a refused connection is the application's address only where
opening that address failed, not where a page or a message happens to speak of one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from runs import states
from runs.insight.facts import HOST, SCRIPT, SERVER, explanation, facts
from runs.report import Diagnosis, FailedTest, Past

# Of a failure and the ranks of its facts.
Holds = Callable[[FailedTest, frozenset[int]], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    category: str
    words: str
    holds: Holds


def _says(*parts: str) -> Holds:
    return lambda failure, _ranks: any(part in failure.error for part in parts)


def _is(kind: str) -> Holds:
    return lambda failure, _ranks: failure.kind == kind


def _stands_on(rank: int) -> Holds:
    return lambda _failure, ranks: rank in ranks


def _both(first: Holds, second: Holds) -> Holds:
    return lambda failure, ranks: first(failure, ranks) and second(failure, ranks)


RULES: tuple[Rule, ...] = (
    Rule("internal", "Sentri itself broke; this says nothing about the application.", _says("Sentri broke here")),
    Rule("crash", "The browser or the worker crashed.", _is("crash")),
    # So begins what `execute/attempt.py` says of it; other refusals are blocked as well.
    Rule("sign_in", "Signing in to the application did not work.", _both(_is("blocked"), _says("starts signed in"))),
    Rule("blocked", "Sentri may not open this address from here.", _is("blocked")),
    Rule(
        "page_hides", "The page hides its elements from the browser's driver: no test of it can be done.", _is("hidden")
    ),
    Rule("test_error", "The test itself is wrong; edit it.", _is("document")),
    Rule("unreachable", "The application could not be reached.", _stands_on(HOST)),
    Rule("product_bug", "The application answered with a server error.", _stands_on(SERVER)),
    Rule("product_bug", "The page's own script broke.", _stands_on(SCRIPT)),
    Rule(
        "slow",
        "It took longer than it may.",
        _says("did not finish loading", "was not answered within", "Expected an answer within", "was stopped after"),
    ),
    # Before the rule for what is late: an element that cannot be used ends as a time-out too.
    Rule("product_bug", "An element is there and cannot be used.", _both(_is("timeout"), _says("could not be used"))),
    Rule("slow", "It took longer than it may.", _is("timeout")),
    Rule("test_outdated", "The page is not the one the test knows: it or the test is out of date.", _is("not_found")),
    Rule("test_outdated", "The step cannot be done on this page: it or the test is out of date.", _is("script")),
    Rule("test_outdated", "There was no page to go back to.", _says("no page to go back to")),
    Rule("product_bug", "A page could not be opened.", _is("navigation")),
    Rule("product_bug", "The application does something else than expected.", _is("expectation")),
    Rule("unknown", "Nothing is known about why it failed.", lambda _failure, _ranks: True),
)
CATEGORIES = tuple(dict.fromkeys(rule.category for rule in RULES))
# Failures of these categories say nothing about the test, and are not held against it.
NOT_OF_THE_TEST = frozenset({"internal", "crash", "sign_in", "blocked", "unreachable", "page_hides"})


def _rule(failure: FailedTest, harmless: Collection[str]) -> Rule:
    ranks = frozenset(fact.rank for fact in facts(failure) if fact.key not in harmless)
    return next(rule for rule in RULES if rule.holds(failure, ranks))


def category_of(failure: FailedTest, harmless: Collection[str] = ()) -> str:
    return _rule(failure, harmless).category


def diagnose(failure: FailedTest, harmless: Collection[str] = ()) -> Diagnosis:
    """The failure's kind, and what the test's past says about it. `harmless`: keys of facts of passing tests."""
    rule = _rule(failure, harmless)
    seen_before = not failure.intermittent or "" in failure.intermittent or failure.kind in failure.intermittent
    standing, since = _standing(failure.past, failure.is_flaky and seen_before)
    found = explanation(failure, harmless)
    return Diagnosis(rule.category, rule.words, standing, since, found.happened if found else "")


def _standing(past: tuple[Past, ...], is_flaky: bool) -> tuple[str, str]:
    """`past` is newest first. Of a flaky test only a failure of a kind that came and went is flaky; another is new."""
    if is_flaky:
        return "flaky", ""
    if not past:
        return "first", ""
    if past[0].status != states.FAILED:
        return "new", past[0].run
    since = past[0].run
    for earlier in past:
        if earlier.status != states.FAILED:
            break
        since = earlier.run
    return "known", since
