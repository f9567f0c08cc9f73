"""What a quality gate is: a limit set on the project, measured on a finished run's report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runs.report import RunReport


@dataclass(frozen=True, slots=True)
class Gate:
    """`measure` gives the run's number; `holds(measured, limit)` decides; `low`..`high` is the range of limits."""

    name: str
    words: str
    low: float
    high: float
    measure: Callable[[RunReport], float]
    holds: Callable[[float, float], bool]
