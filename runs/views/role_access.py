"""What each role of a crawl can reach: its addresses by the roles that tried them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from runs import states
from runs.models import CrawlPage, Run

MOST_ADDRESSES = 200
FACTS = ("key", "role", "status", "skip_reason", "http_status", "title")


@dataclass
class AddressAccess:
    """One address; `cells` say for each role, in order, what became of it: (role, kind of word, word)."""

    url: str
    title: str = ""
    by_role: dict[str, tuple[str, str]] = field(default_factory=dict)
    cells: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        return len({kind for _, kind, _ in self.cells}) > 1


@dataclass(frozen=True)
class Reach:
    """Roles with how many addresses each has reached, and the addresses, those that tell roles apart first."""

    roles: list[tuple[str, int]]
    rows: list[AddressAccess]
    left_out: int


UNSEEN = ("unseen", "not met")


def role_access_of(run: Run) -> Reach | None:
    """None for a crawl as one role."""
    pages: Any = CrawlPage.objects.filter(run=run, path=[]).order_by("depth", "pk")
    roles = list(run.options.get("roles", ()))
    if len(roles) < 2:
        return None
    found = _addresses(pages.values(*FACTS).iterator())
    for row in found:
        row.cells = [(role, *row.by_role.get(role, UNSEEN)) for role in roles]
    tried = [row for row in found if any(kind != UNSEEN[0] for _, kind, _ in row.cells)]
    # Python's sort is stable, so that both parts stay in the order of the crawl.
    tried.sort(key=lambda row: not row.differs)
    counts = [(role, sum(row.by_role.get(role, UNSEEN)[0] == "reached" for row in tried)) for role in roles]
    return Reach(counts, tried[:MOST_ADDRESSES], max(0, len(tried) - MOST_ADDRESSES))


def _addresses(pages: Iterable[dict[str, Any]]) -> list[AddressAccess]:
    rows: dict[str, AddressAccess] = {}
    for page in pages:
        row = rows.setdefault(page["key"], AddressAccess(page["key"]))
        row.title = row.title or page["title"]
        row.by_role[page["role"]] = _word(page)
    return list(rows.values())


def _word(page: dict[str, Any]) -> tuple[str, str]:
    if page["status"] == states.DONE:
        return "reached", "reached"
    if page["status"] == states.FAILED:
        return "refused", str(page["http_status"] or "failed")
    if page["skip_reason"] == "duplicate":
        return "elsewhere", "led elsewhere"
    return UNSEEN[0], page["skip_reason"].replace("_", " ") or "not visited"
