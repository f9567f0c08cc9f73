"""When a crawl has seen enough: of one kind of page, or of all within its budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LINK, STATE = "link", "state"


def saturated(templates: Sequence[str], limit: int) -> bool:
    """Whether visited pages of one address shape show that the rest will look the same."""
    return len(templates) >= limit and len(set(templates)) == 1


@dataclass(frozen=True, slots=True)
class Budget:
    """How many pages and states may be visited, and whether the time for it is over."""

    pages: int
    states: int
    late: bool = False


def rooms(begun: Mapping[str, int], budget: Budget) -> dict[str, int]:
    """How many more pages and states may be begun."""
    if budget.late:
        return {LINK: 0, STATE: 0}
    return {LINK: max(0, budget.pages - begun[LINK]), STATE: max(0, budget.states - begun[STATE])}


def used_up(pending: Mapping[str, int], budget: Budget) -> str:
    """Which budget it is that leaves something unvisited."""
    if budget.late:
        return "time_budget"
    return "page_budget" if pending[LINK] else "state_budget"
