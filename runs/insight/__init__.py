"""What a run's results mean: causes of failures, their kinds, flakiness, durations. Pure functions of plain values."""

from __future__ import annotations

from runs.insight.causes import causes, known
from runs.insight.diagnosis import CATEGORIES, NOT_OF_THE_TEST, category_of, diagnose
from runs.insight.durations import estimate
from runs.insight.facts import keys
from runs.insight.flakiness import Flakiness, flakiness
from runs.insight.merging import Proven, merged
from runs.insight.scoring import score

__all__ = [
    "CATEGORIES",
    "NOT_OF_THE_TEST",
    "Flakiness",
    "Proven",
    "category_of",
    "causes",
    "diagnose",
    "estimate",
    "flakiness",
    "keys",
    "known",
    "merged",
    "score",
]
