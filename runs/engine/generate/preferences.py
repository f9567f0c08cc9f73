"""The preferences of a crawl: which tests a person wants more of, and which not at all. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from runs.engine.events import Log
from runs.engine.generate.cases import Draft, Step, Tone
from runs.engine.plan import Approach, Perspective, Preferences, Quality
from runs.engine.steps.expect_no_console_errors import ExpectNoConsoleErrors
from runs.engine.steps.expect_no_failed_requests import ExpectNoFailedRequests

Weights = Mapping[str, float]

# Which share of the tests has which tone; what has none is not proposed.
SHARES: dict[Approach, dict[Tone, float]] = {
    "full_coverage": {"positive": 0.5, "negative": 0.3, "edge": 0.2},
    "positive_only": {"positive": 1.0},
    "errors_and_edges": {"negative": 0.6, "edge": 0.4},
    "exploratory": {"positive": 0.4, "negative": 0.2, "edge": 0.4},
    "stability_check": {"positive": 1.0},
}
APPROACHES: dict[Approach, Weights] = {
    "exploratory": {
        "journey": 3,
        "state": 3,
        "action": 3,
        "record": 3,
        "interruption": 3,
        "page": 0.5,
        "navigation": 0.5,
    },
    "stability_check": {"page": 2, "navigation": 2, "journey": 2, "api": 2},
}
PERSPECTIVES: dict[Perspective, Weights] = {
    "full_journey": {"journey": 4, "record": 3, "action": 2},
    "single_component": {"form": 3, "state": 3, "page": 2, "filter": 2, "pagination": 2},
    "multi_role": {"signin": 3},
    "first_time_user": {"page": 2, "navigation": 2, "search": 2, "journey": 2},
    "interrupted_flows": {"interruption": 4},
}
QUALITIES: dict[Quality, Weights] = {
    "accessibility": {"page": 2},
    "performance": {"quality": 3},
    "security": {"signin": 2, "quality": 3},
    "data_integrity": {"record": 4, "action": 2},
    "api_integration": {"api": 4, "contract": 4},
    "localization": {"quality": 3},
    "reliability": {},
    "observability": {},
}
# Words by which people name families.
NAMES: dict[str, tuple[str, ...]] = {
    "page": ("page", "pages", "content", "layout"),
    "signin": ("login", "log in", "sign in", "sign-in", "signin", "sign out", "logout", "authentication", "password"),
    "search": ("search", "searching"),
    "form": ("form", "forms", "validation", "required", "field", "fields"),
    "action": ("button", "buttons", "cart", "basket", "action", "actions"),
    "record": ("crud", "create", "edit", "delete", "record", "records"),
    "journey": ("journey", "journeys", "flow", "flows", "end to end", "e2e"),
    "navigation": ("navigation", "menu", "link", "links"),
    "pagination": ("pagination", "paging", "next page"),
    "filter": ("filter", "filters", "sort", "sorting", "category", "categories"),
    "state": ("dialog", "dialogs", "modal", "tab", "tabs", "dropdown"),
    "api": ("api", "apis", "endpoint", "endpoints", "graphql", "rest"),
    "contract": ("openapi", "swagger", "contract", "contracts"),
    "quality": ("performance", "headers", "language"),
}
WISHED = 4.0
_FENCES = re.compile(r"```[^\n]*\n?|```")
_ROLES = re.compile(r"^[^\S\n]*(?:system|assistant|user|developer|human|ai)[^\S\n]*:\s*", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"[^\W_][\w'-]{2,}")
_COMMON = frozenset(
    [
        "and",
        "are",
        "all",
        "any",
        "but",
        "can",
        "for",
        "from",
        "has",
        "have",
        "into",
        "more",
        "most",
        "not",
        "only",
        "our",
        "please",
        "should",
        "test",
        "tests",
        "testing",
        "that",
        "the",
        "their",
        "them",
        "then",
        "this",
        "want",
        "was",
        "what",
        "when",
        "where",
        "which",
        "with",
        "without",
        "you",
        "your",
        "every",
        "each",
        "focus",
        "check",
        "make",
        "sure",
    ]
)


def cleaned(instructions: str) -> str:
    """A person's instructions without what would speak in another's name: role markers and code fences."""
    return _ROLES.sub("", _FENCES.sub(" ", instructions)).strip()


def wants(preferences: Preferences, tone: Tone) -> bool:
    return tone in SHARES[preferences.approach]


def weights(preferences: Preferences) -> dict[str, float]:
    """How much more than others each family is wanted, 1 where nothing was said."""
    found: dict[str, float] = {}
    tables: Iterable[Weights] = (
        APPROACHES.get(preferences.approach, {}),
        *(PERSPECTIVES[perspective] for perspective in preferences.perspectives),
        *(QUALITIES[quality] for quality in preferences.quality),
        dict.fromkeys(wished_families(preferences), WISHED),
    )
    for table in tables:
        for family, weight in table.items():
            found[family] = found.get(family, 1.0) * weight
    return found


def wished_families(preferences: Preferences) -> list[str]:
    text = f" {' '.join(_WORD.findall(cleaned(preferences.custom_instructions).lower()))} "
    spaced = f" {cleaned(preferences.custom_instructions).lower()} "
    return [
        family
        for family, names in NAMES.items()
        if any(f" {name} " in text or re.search(rf"\b{re.escape(name)}\b", spaced) for name in names)
    ]


def fondness(preferences: Preferences, draft: Draft) -> float:
    """How much more than others of its family one test is wanted."""
    found = 1.0
    if "multi_role" in preferences.perspectives and draft.case.auth:
        found *= 3
    if "first_time_user" in preferences.perspectives:
        found *= 0.25 if draft.case.auth else 1
    # Names of families count for whole families already, in `weights`.
    families = {name for names in NAMES.values() for name in names}
    said = set(_WORD.findall(cleaned(preferences.custom_instructions).lower())) - _COMMON - families
    about = set(_WORD.findall(f"{draft.title} {draft.case.start}".lower()))
    return found * (WISHED if said & about else 1)


def silent(preferences: Preferences) -> bool:
    """Whether every test of a page also expects that nothing goes wrong beneath it."""
    return "reliability" in preferences.quality or preferences.approach == "stability_check"


def with_silence_checks(
    document: dict[str, object], steps: list[Step], *, console: bool, requests: bool
) -> dict[str, object]:
    """A document that expects silence as well, of what was silent when it was tried."""
    known = {step["do"] for step in steps}
    more: list[Step] = []
    if console and ExpectNoConsoleErrors.kind not in known:
        more.append(ExpectNoConsoleErrors.step())
    if requests and ExpectNoFailedRequests.kind not in known:
        more.append(ExpectNoFailedRequests.step())
    return {**document, "steps": [*steps, *more]}


def refusals(preferences: Preferences) -> list[Log]:
    """Wishes that nothing can be made of, each in a sentence."""
    if "observability" not in preferences.quality:
        return []
    message = "The quality “observability” changed nothing: logs and metrics cannot be seen from outside."
    return [Log("warning", message)]
