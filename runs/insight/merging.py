"""Proven tests that say the same: the one that checks more stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Proven:
    """What is known of a proven test: its number, its page, its score, what it checks, what it noticed."""

    number: int
    title: str
    page: str
    score: int
    checks: frozenset[str]
    noticed: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, number: int, title: str, page: str, score: int, proof: dict[str, Any]) -> Proven:
        noticed = frozenset((one["kind"], one["what"]) for one in proof["breakages"] if one["noticed"])
        return cls(number, title, page, score, frozenset(proof["checks"]), noticed)


def merged(tests: Sequence[Proven]) -> dict[int, int]:
    """Which tests are merged into which others, by number.

    A test goes into another one of the same page that notices the same breakages and checks at least the same. Of two
    that are equal in this, the one with the higher score stays, then the first.
    """
    into: dict[int, int] = {}
    stay: list[Proven] = []
    for test in sorted(tests, key=lambda one: (-len(one.checks), -one.score, one.number)):
        other = next((one for one in stay if _says(one, test)), None)
        if other is None:
            stay.append(test)
        else:
            into[test.number] = other.number
    return into


def _says(other: Proven, test: Proven) -> bool:
    return other.page == test.page and other.noticed == test.noticed and other.checks >= test.checks
