"""Proven tests that say the same: the one that checks more stays."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runs.engine.kinds import kind_of

_SAID = frozenset({"note", "memory", "timeout"})


@dataclass(frozen=True, slots=True)
class Proven:
    """What is known of a proven test: its number, its page, its score, what it does, checks and noticed."""

    number: int
    page: str
    score: int
    actions: tuple[str, ...]
    checks: frozenset[str]
    noticed: frozenset[tuple[str, str]]

    @classmethod
    def from_proof(cls, number: int, document: dict[str, Any], page: str, score: int, proof: dict[str, Any]) -> Proven:
        noticed = frozenset(
            (breakage["kind"], breakage["what"]) for breakage in proof["breakages"] if breakage["noticed"]
        )
        return cls(number, page, score, tuple(_actions(document)), frozenset(proof["checks"]), noticed)


def merged(tests: Sequence[Proven], beat: Callable[[], object] = lambda: None) -> dict[int, int]:
    """Which tests are merged into which others, by number.

    A test goes into another one of the same page that does the same with the same values, notices the same breakages
    and checks at least the same. Of two that are equal in this, the one with the higher score stays, then the first.
    What noticed nothing, or was put to nothing, says nothing about what it is worth, and stays. `beat` is called at
    each test, for thousands take seconds.
    """
    into: dict[int, int] = {}
    stay: dict[tuple[object, ...], list[Proven]] = defaultdict(list)
    # Those that check most come first, so that each test meets what it goes into.
    for test in sorted(tests, key=lambda test: (-len(test.checks), -test.score, test.number)):
        beat()
        alike = stay[test.page, test.actions, test.noticed]
        other = next((kept for kept in alike if test.noticed and kept.checks >= test.checks), None)
        if other is None:
            alike.append(test)
        else:
            into[test.number] = other.number
    return into


def _actions(document: dict[str, Any]) -> Iterator[str]:
    """How it begins and what it does, with what it enters; expectations left out."""
    yield json.dumps([document.get(name) for name in ("kind", "start", "auth")])
    for step in document["steps"]:
        if kind_of(step).role != "expect":
            yield json.dumps({name: value for name, value in step.items() if name not in _SAID}, sort_keys=True)
