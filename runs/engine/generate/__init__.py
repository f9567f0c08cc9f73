"""Generate tests without a model: from what a crawl saw, and from what the application did when things were tried.

Three stages: `plan_cases` decides what is tried, `observe` tries it, `propose` makes tests of what came of it.
"""

from runs.engine.generate.cases import CaseSpec, Crawled, Observation, Survey
from runs.engine.generate.duplicates import KnownTest
from runs.engine.generate.observe import observe
from runs.engine.generate.planned_cases import PlannedCases, plan_cases
from runs.engine.generate.propose import Proposed, propose

__all__ = [
    "CaseSpec",
    "Crawled",
    "KnownTest",
    "Observation",
    "PlannedCases",
    "Proposed",
    "Survey",
    "observe",
    "plan_cases",
    "propose",
]
