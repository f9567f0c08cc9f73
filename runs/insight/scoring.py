"""What a proven test is worth, 0 to 100, from its document and its proof.

| part         | most | how                                                                                         |
|--------------|-----:|---------------------------------------------------------------------------------------------|
| replays      |   20 | passed by needed; fewer than three count for so much less                                   |
| sensitivity  |   40 | noticed by effective breakages; fewer than four breakages count for so much less            |
| expectations |   15 | the sum of the strengths of their kinds by 6                                                |
| targets      |   10 | steps whose element is named as a person would; by its place in a list it counts half       |
| speed        |    5 | all up to two seconds, nothing from fifteen on                                              |
| flow         |   10 | 3 for looking at a page, more for each thing done, all for four; 5 for a call of an API      |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from runs.engine.kinds import kind_of

MOST: Final[Mapping[str, int]] = {
    "replays": 20,
    "sensitivity": 40,
    "expectations": 15,
    "targets": 10,
    "speed": 5,
    "flow": 10,
}
ENOUGH_REPLAYS, ENOUGH_BREAKAGES, ENOUGH_STRENGTH, ENOUGH_ACTS = 3, 4, 6.0, 4
FAST_MS, SLOW_MS = 2_000, 15_000
FRAGILE = ("css", "xpath")


def score(document: Mapping[str, Any], proof: Mapping[str, Any], duration_ms: int) -> tuple[int, dict[str, int]]:
    """The score and its parts, which add up to it."""
    steps: list[Mapping[str, Any]] = list(document["steps"])
    shares = {
        "replays": _replays(proof),
        "sensitivity": _sensitivity(proof),
        "expectations": min(1.0, sum(kind_of(step).strength for step in steps) / ENOUGH_STRENGTH),
        "targets": _targets(steps),
        "speed": min(1.0, max(0.0, (SLOW_MS - duration_ms) / (SLOW_MS - FAST_MS))),
        "flow": _flow(document, steps),
    }
    # Rounded before they are added: pages show the parts beside their sum.
    parts = {name: round(MOST[name] * share) for name, share in shares.items()}
    return sum(parts.values()), parts


def _replays(proof: Mapping[str, Any]) -> float:
    needed = max(1, int(proof.get("replays", 0)))
    return float(proof.get("passed", 0) / needed * min(1.0, needed / ENOUGH_REPLAYS))


def _sensitivity(proof: Mapping[str, Any]) -> float:
    effective = int(proof.get("effective", 0))
    if not effective:
        return 0.0
    return float(proof.get("noticed", 0) / effective * min(1.0, effective / ENOUGH_BREAKAGES))


def _targets(steps: list[Mapping[str, Any]]) -> float:
    worth = [_worth(step["target"]) for step in steps if "target" in step]
    return sum(worth) / len(worth) if worth else 1.0


def _worth(target: Mapping[str, Any]) -> float:
    scopes = list(_scopes(target))
    if any(scope.get(way) for scope in scopes for way in FRAGILE):
        return 0.0
    return 0.5 if any(scope.get("nth") is not None for scope in scopes) else 1.0


def _scopes(target: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield target
    if target.get("within"):
        yield from _scopes(target["within"])


def _flow(document: Mapping[str, Any], steps: list[Mapping[str, Any]]) -> float:
    if document.get("kind") == "api":
        return 0.5
    acts = sum(1 for step in steps if kind_of(step).role == "act")
    return 0.3 + 0.7 * min(1.0, acts / ENOUGH_ACTS)
