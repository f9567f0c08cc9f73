"""How long a test will take when nothing is known but its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runs.engine.kinds import kind_named

# A fresh context and its first page, beside the kinds of steps; what it takes where a project has no history yet.
OPENING: Final = "open"
OPENING_MS = 900.0
LEAST_MS, MOST_MS = 100, 1_800_000
# How many executions a default weighs as much as: few, so that a project's own history soon prevails.
TRUST = 2.0


# Replays of a proof beside the clean ones: a trial, and often a last one of what was changed. A broken one is short of
# patience, and about two in three of those that are allowed are made.
OTHER_REPLAYS = 1.5
BROKEN_REPLAY = 0.7


def kinds_of(document: Mapping[str, Any]) -> Counter[str]:
    """How often each kind of step occurs, the opening of a page included."""
    kinds = Counter(str(step.get("do", "")) for step in document.get("steps", ()))
    if document.get("kind", "ui") == "ui":
        kinds[OPENING] += 1
    return kinds


@dataclass(frozen=True, slots=True)
class Prior:
    """Milliseconds by kind of step, as far as they were learnt; of others what the kinds themselves say."""

    costs: Mapping[str, float]

    def cost(self, kind: str) -> float:
        known = self.costs.get(kind)
        if known is None:
            return OPENING_MS if kind == OPENING else kind_named(kind).estimate_ms
        return known

    def estimate(self, document: Mapping[str, Any]) -> int:
        """Expected milliseconds of one execution (one data row)."""
        total = sum(number * self.cost(kind) for kind, number in kinds_of(document).items())
        return int(min(MOST_MS, max(LEAST_MS, total)))


DEFAULT = Prior({})


def fitted(samples: Sequence[tuple[Mapping[str, int], float]]) -> Prior:
    """The prior that fits what was measured: least squares of milliseconds on kinds of steps, held to the defaults.

    Solves (XᵀX + TRUST·I) d = Xᵀr, where r is what the defaults leave unexplained; defaults + d is the outcome.
    """
    # Sorted, so that one history gives one outcome, in whatever order it is read.
    names = sorted({kind for kinds, _ in samples for kind in kinds})
    column = {name: number for number, name in enumerate(names)}
    matrix = [[TRUST if row == other else 0.0 for other in range(len(names))] for row in range(len(names))]
    right = [0.0] * len(names)
    for kinds, measured in samples:
        rest = measured - sum(number * DEFAULT.cost(kind) for kind, number in kinds.items())
        for kind, number in kinds.items():
            right[column[kind]] += number * rest
            row = matrix[column[kind]]
            for other, times in kinds.items():
                row[column[other]] += number * times
    deviations = _solved(matrix, right)
    return Prior({name: DEFAULT.cost(name) + deviations[column[name]] for name in names})


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination; the matrix is symmetric and positive definite, so that no pivot is zero."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for pivot in range(size):
        for below in range(pivot + 1, size):
            factor = rows[below][pivot] / rows[pivot][pivot]
            if factor:
                rows[below] = [value - factor * own for value, own in zip(rows[below], rows[pivot], strict=True)]
    found = [0.0] * size
    for pivot in reversed(range(size)):
        known = sum(rows[pivot][other] * found[other] for other in range(pivot + 1, size))
        found[pivot] = (rows[pivot][size] - known) / rows[pivot][pivot]
    return found


def proof_estimate(document: Mapping[str, Any], replays: int, breakages: int) -> int:
    """Expected milliseconds until a proposal is proved, from clean replays and breakages at most."""
    return int(min(MOST_MS, (replays + OTHER_REPLAYS + BROKEN_REPLAY * breakages) * DEFAULT.estimate(document)))
