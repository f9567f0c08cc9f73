"""What is known about an application: what a crawl saw, folded into what was known before. Pure functions of values."""

from runs.insight.application.learning import Learnt, learn
from runs.insight.application.observing import Observed, Scope, Visit, key_of, observed
from runs.insight.application.parts import KINDS, NOUNS, Difference, Part

__all__ = [
    "KINDS",
    "NOUNS",
    "Difference",
    "Learnt",
    "Observed",
    "Part",
    "Scope",
    "Visit",
    "key_of",
    "learn",
    "observed",
]
