"""Whether a test is flaky: how sure one may be that it flips more often than in 2 % of its executions.

A flip is a result that changed although neither the test nor the application did: a retry that passed after a
failure, or one failed run between passed ones of the same build. A flaky test is one that passes and fails with the
same code (Luo et al., An Empirical Analysis of Flaky Tests, FSE 2014; Micco, Flaky Tests at Google, 2016), so what
differs between builds says nothing: a defect that is fixed and comes back is a defect. The build is the commit that
CI named, on one day; without a commit it is the day. Environments have histories of their own. Failures that last
are no flips either: something was broken, and repaired or not.

Executions and flips of the newest version of a test update a Beta distribution; the prior is a test with a flip rate of
2 %, known from ten executions, so that one flip convicts nobody and two in 20 runs do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

RATE, SURE = 0.02, 0.9
PRIOR_FLIPS, PRIOR_REST = 0.2, 9.8
BROKEN = 3


@dataclass(frozen=True, slots=True)
class Flakiness:
    """`score` is 100 times the probability that the rate is above 2 %, 0 where nothing ever flipped.

    A test that failed in the last three runs, whatever it did before, is broken instead of flaky. Each flip is a run:
    `retried` passed only on a retry, `alone` failed between passes of its build; newest first. `kinds` are those of the
    failures that came and went; an empty text stands for one whose kind is not known.
    """

    score: float = 0.0
    is_flaky: bool = False
    is_broken: bool = False
    executions: int = 0
    kinds: frozenset[str] = frozenset()
    retried: tuple[int, ...] = ()
    alone: tuple[int, ...] = ()

    @property
    def flips(self) -> int:
        return len(self.retried) + len(self.alone)


def flakiness(outcomes: Sequence[Mapping[str, Any]]) -> Flakiness:
    """Of outcomes newest first: {"run", "status", "retries", "version", "build", "kind"}.

    Those of older versions do not count; without a build an outcome is alone with what it is.
    """
    if not outcomes:
        return Flakiness()
    recent = [outcome for outcome in outcomes if outcome["version"] == outcomes[0]["version"]]
    executions = sum(1 + outcome["retries"] for outcome in recent)
    retried, alone = [outcome for outcome in recent if outcome["status"] == "flaky"], _lone_failures(recent)
    flips, kinds = len(retried) + len(alone), frozenset(str(outcome.get("kind", "")) for outcome in retried + alone)
    broken = len(recent) >= BROKEN and all(outcome["status"] == "failed" for outcome in recent[:BROKEN])
    # Without a flip only the prior would speak, and a test that has always passed would have a score.
    sure = above(RATE, PRIOR_FLIPS + flips, PRIOR_REST + executions - flips) if flips else 0.0
    runs = (tuple(outcome["run"] for outcome in flipped) for flipped in (retried, alone))
    return Flakiness(round(100 * sure, 1), sure > SURE and not broken, broken, executions, kinds, *runs)


def _lone_failures(recent: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Failures between passes of the same build."""
    found: list[Mapping[str, Any]] = []
    for after, failure, before in zip(recent, recent[1:], recent[2:], strict=False):
        alone = failure["status"] == "failed" and "failed" not in (after["status"], before["status"])
        if alone and failure.get("build") and after.get("build") == failure["build"] == before.get("build"):
            found.append(failure)
    return found


@lru_cache(maxsize=4096)
def above(rate: float, alpha: float, beta: float) -> float:
    """P(X > rate) of X ~ Beta(alpha, beta)."""
    return 1.0 - _regularized(rate, alpha, beta)


def _regularized(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function I_x(a, b), on the side where its continued fraction is quick."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _regularized(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float, terms: int = 60) -> float:
    """1 / (1 + d1 / (1 + d2 / (1 + …))) of DLMF 8.17.22, from the far end, inverted."""
    value = 1.0
    for number in range(terms, 0, -1):
        value = 1.0 + _term(number, x, a, b) / value
    return value


def _term(number: int, x: float, a: float, b: float) -> float:
    m, odd = divmod(number, 2)
    if odd:
        return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
