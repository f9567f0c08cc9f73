"""The frontier as the ledger keeps it, in memory: unique addresses, claims by priority, saturation, limits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from runs.engine.browser import Browser
from runs.engine.crawl import canonical, crawl
from runs.engine.events import Cleaned, Event, Link, Log, PageFailed, PageSnapshot, PageVisited, Seeds, Wrote
from runs.engine.plan import CrawlOptions, CrawlPlan, PageWork


@dataclass
class Row:
    page: int
    url: str
    key: str
    group: str
    priority: int
    depth: int
    kind: str = "link"
    path: tuple[dict[str, Any], ...] = ()
    action: str = ""
    carried: bool = False
    asked: bool = False
    same: bool = False
    status: str = "pending"
    template: str = ""
    snapshot: PageSnapshot | None = None
    failure: PageFailed | None = None
    signature: dict[str, Any] | None = None


@dataclass
class Rows:
    """Rows of one crawl; `pull` waits while pages are under way that may bring new ones."""

    base_url: str
    options: CrawlOptions
    rows: dict[str, Row] = field(default_factory=dict)
    logs: list[Log] = field(default_factory=list)
    seeds: list[Seeds] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    wrote: list[Wrote] = field(default_factory=list)
    cleaned: list[Cleaned] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = asyncio.Condition()
        self._insert([Link(url=self.base_url, key=canonical(self.base_url), group="", priority=0, depth=0)])

    async def pull(self) -> PageWork | None:
        async with self._changed:
            while True:
                row = self._next()
                if row is not None:
                    row.status = "running"
                    self.order.append(row.key)
                    return PageWork(page=row.page, url=row.url, depth=row.depth, path=row.path, action=row.action)
                if not any(row.status == "running" for row in self.rows.values()):
                    self._changed.notify_all()
                    return None
                await self._changed.wait()

    def _room(self, state: bool) -> bool:
        begun = sum(
            row.status in ("running", "done", "failed") for row in self.rows.values() if bool(row.path) == state
        )
        return begun < (self.options.max_states if state else self.options.max_pages)

    def _next(self) -> Row | None:
        room = {state: self._room(state) for state in (False, True)}
        pending = [row for row in self.rows.values() if row.status == "pending" and room[bool(row.path)]]
        return min(pending, key=lambda row: (row.priority, row.page), default=None)

    async def record(self, event: Event) -> None:
        async with self._changed:
            match event:
                case PageVisited():
                    self._visited(event)
                case PageFailed():
                    row = self._row(event.page)
                    row.status = "skipped" if event.category in ("blocked", "sign_in", "not_a_page") else "failed"
                    row.failure = event
                case Seeds():
                    self.seeds.append(event)
                    self._insert(event.links)
                case Log():
                    self.logs.append(event)
                case Wrote():
                    self.wrote.append(event)
                case Cleaned():
                    self.cleaned.append(event)
            self._changed.notify_all()

    def _visited(self, event: PageVisited) -> None:
        row = self._row(event.page)
        known = None if row.path else self.rows.get(event.final_key)
        if known is not None and known is not row:
            row.status = "skipped"
            self._insert(event.links)
            return
        row.status, row.template, row.snapshot = "done", event.snapshot.template, event.snapshot
        row.signature = event.signature
        if row.key != event.final_key and not row.path:
            del self.rows[row.key]
            row.key = event.final_key
            self.rows[row.key] = row
        row.same = any(self._shows_the_same(other, row) for other in self.rows.values())
        self._insert(link for link in event.links if link.carried or not (row.path and row.same))
        self._skip_saturated(row.group)

    def _shows_the_same(self, other: Row, row: Row) -> bool:
        if other is row or other.status != "done" or other.snapshot is None or row.snapshot is None:
            return False
        return (canonical(other.snapshot.url), other.template) == (canonical(row.snapshot.url), row.template)

    def _row(self, page: int) -> Row:
        return next(row for row in self.rows.values() if row.page == page)

    def _insert(self, links: Iterable[Link]) -> None:
        for link in links:
            if link.depth <= self.options.max_depth and link.key not in self.rows:
                fields = link.model_dump(exclude={"text", "first"})
                row = self.rows[link.key] = Row(page=len(self.rows) + 1, **fields)
                full = self._tried(row.group) > 2 if row.path else self._saturated(row.group)
                row.status = "skipped" if full else "pending"

    def _tried(self, group: str) -> int:
        return sum(row.group == group and row.status != "skipped" for row in self.rows.values())

    def _saturated(self, group: str) -> bool:
        templates = [
            row.template for row in self.rows.values() if group and row.group == group and row.status == "done"
        ]
        return len(templates) >= self.options.same_template and len(set(templates)) == 1

    def _skip_saturated(self, group: str) -> None:
        if self._saturated(group):
            for row in self.rows.values():
                if row.group == group and row.status == "pending":
                    row.status = "skipped"

    @property
    def done(self) -> dict[str, PageSnapshot]:
        """Address below the base to snapshot of what was visited."""
        base = self.base_url.rstrip("/")
        return {
            row.snapshot.url.removeprefix(base): row.snapshot
            for row in self.rows.values()
            if row.snapshot and row.status == "done" and not row.path
        }

    @property
    def states(self) -> dict[str, PageSnapshot]:
        """What leads to a state, action by action, to its snapshot."""
        return {row.action: row.snapshot for row in self.rows.values() if row.path and row.snapshot}

    @property
    def failed(self) -> dict[str, PageFailed]:
        base = self.base_url.rstrip("/")
        return {row.url.removeprefix(base): row.failure for row in self.rows.values() if row.failure}


async def crawl_all(browser: Browser, plan: CrawlPlan) -> Rows:
    """Crawl with one shard until nothing is left."""
    rows = Rows(plan.site.base_url, plan.options)
    async for event in crawl(browser, plan, rows.pull, first=True):
        await rows.record(event)
    return rows
