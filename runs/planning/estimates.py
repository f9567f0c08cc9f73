"""How long a test will take when nothing is known but its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

OPENING: Final = "open"
LEAST_MS, MOST_MS = 100, 1_800_000
OTHER_STEP_MS = 200.0
# What a step takes where a project has no history yet; `open` is a fresh context and its first page.
STEP_MS: Mapping[str, float] = {
    OPENING: 900.0,
    "goto": 600.0,
    "reload": 600.0,
    "back": 400.0,
    "click": 300.0,
    "fill": 80.0,
    "press": 250.0,
    "hover": 80.0,
    "check": 80.0,
    "uncheck": 80.0,
    "scroll": 80.0,
    "select": 80.0,
    "save": 30.0,
    "request": 120.0,
    "wait_for": 500.0,
    "expect_visible": 60.0,
    "expect_hidden": 60.0,
    "expect_text": 60.0,
    "expect_value": 40.0,
    "expect_url": 60.0,
    "expect_title": 40.0,
    "expect_count": 60.0,
    "expect_no_console_errors": 20.0,
    "expect_no_failed_requests": 20.0,
}
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
    """Milliseconds by kind of step."""

    costs: Mapping[str, float]

    def estimate(self, document: Mapping[str, Any]) -> int:
        """Expected milliseconds of one execution (one data row)."""
        total = sum(number * cost_of(kind, self.costs) for kind, number in kinds_of(document).items())
        return int(min(MOST_MS, max(LEAST_MS, total)))


def cost_of(kind: str, costs: Mapping[str, float]) -> float:
    return costs.get(kind, STEP_MS.get(kind, OTHER_STEP_MS))


DEFAULT = Prior(STEP_MS)


def fitted(samples: Sequence[tuple[Mapping[str, int], float]]) -> Prior:
    """The prior that fits what was measured: least squares of milliseconds on kinds of steps, held to the defaults.

    Solves (XᵀX + TRUST·I) d = Xᵀr, where r is what the defaults leave unexplained; defaults + d is the outcome.
    """
    names = sorted({kind for kinds, _ in samples for kind in kinds})
    column = {name: number for number, name in enumerate(names)}
    matrix = [[TRUST if row == other else 0.0 for other in range(len(names))] for row in range(len(names))]
    right = [0.0] * len(names)
    for kinds, measured in samples:
        rest = measured - sum(number * cost_of(kind, STEP_MS) for kind, number in kinds.items())
        for kind, number in kinds.items():
            right[column[kind]] += number * rest
            row = matrix[column[kind]]
            for other, times in kinds.items():
                row[column[other]] += number * times
    deviations = _solved(matrix, right)
    own = {name: cost_of(name, STEP_MS) + deviations[column[name]] for name in names}
    return Prior({**STEP_MS, **own})


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
