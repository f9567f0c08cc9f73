"""What is known about an application: what a crawl saw, folded into what was known before. Pure functions of values."""

from runs.insight.application.coverage import Cover, Coverage, TestOf, coverage
from runs.insight.application.learning import Learnt, learn
from runs.insight.application.observing import Observed, Scope, Visit, key_of, observed
from runs.insight.application.parts import KINDS, NOUNS, Difference, Kind, Part, What

__all__ = [
    "KINDS",
    "NOUNS",
    "Cover",
    "Coverage",
    "Difference",
    "Kind",
    "Learnt",
    "Observed",
    "Part",
    "Scope",
    "TestOf",
    "Visit",
    "What",
    "coverage",
    "key_of",
    "learn",
    "observed",
]
