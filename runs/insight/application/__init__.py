"""What is known about an application: what a crawl saw, folded into what was known before. Pure functions of values."""

from runs.insight.application.coverage import Cover, Coverage, TestOf, coverage
from runs.insight.application.learning import Learnt, learn
from runs.insight.application.observing import CrawledScope, Observed, VisitedPage, key_of, observed
from runs.insight.application.parts import KINDS, NOUNS, Kind, KnownPart, PartDifference, What

__all__ = [
    "KINDS",
    "NOUNS",
    "Cover",
    "Coverage",
    "CrawledScope",
    "Kind",
    "KnownPart",
    "Learnt",
    "Observed",
    "PartDifference",
    "TestOf",
    "VisitedPage",
    "What",
    "coverage",
    "key_of",
    "learn",
    "observed",
]
