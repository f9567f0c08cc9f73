"""When a crawl has seen enough: of one kind of page, or of all within its budgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LINK, STATE = "link", "state"


def saturated(visits: int, structures: int, refusals: int, limit: int) -> bool:
    """Whether pages of one address shape show what the rest is: visits of one structure, or nothing but refusals."""
    return (visits >= limit and structures == 1) or (not visits and refusals >= limit)


@dataclass(frozen=True, slots=True)
class CrawlBudget:
    """How many pages and states may be visited, and whether the time for it is over."""

    pages: int
    states: int
    late: bool = False


def begun(opened: int, failed: int, most: int) -> int:
    """What counts against a budget: what was visited or is being visited, and of failures those beyond the budget.

    Who asks for 25 pages means pages to look at; but where nothing answers there is an end as well.
    """
    return opened + max(0, failed - most)


def rooms(begun: Mapping[str, int], budget: CrawlBudget) -> dict[str, int]:
    """How many more pages and states may be begun."""
    if budget.late:
        return {LINK: 0, STATE: 0}
    return {LINK: max(0, budget.pages - begun[LINK]), STATE: max(0, budget.states - begun[STATE])}


def used_up(pending: Mapping[str, int], budget: CrawlBudget) -> str:
    """Which budget it is that leaves something unvisited."""
    if budget.late:
        return "time_budget"
    return "page_budget" if pending[LINK] else "state_budget"
