"""Hands out the frontier: pages and states by priority, as long as the budgets of the crawl last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from runs import planning, states
from runs.engine.plan import PageWork
from runs.ledger import statements
from runs.ledger.claiming import Claim
from runs.ledger.holding import Hold, require_open
from runs.ledger.moving import advance
from runs.ledger.refusals import Stale
from runs.ledger.story import locked
from runs.models import CrawlPage, Run

FIELDS = ("url", "depth", "kind", "role", "path", "action", "losses")


def claim_pages(held: Hold, max_pages: int, wanted: int = 1) -> Claim[PageWork]:
    """The next rows of the frontier by priority, `wanted` at most, of each kind as many as its budget has room for.

    Raises Stale.
    """
    with transaction.atomic():
        run = locked(held.run)
        if run.status != states.RUNNING:
            raise Stale
        require_open(held)
        tally = _tally(run)
        running = sum(number for (_, status), number in tally.items() if status == states.RUNNING)
        rooms = planning.rooms(_begun(tally), _budget(run, max_pages))
        mine = list(run.pages.filter(status=states.RUNNING, lease=held.lease).values_list("losses", flat=True))
        pending = _pending(run, rooms, held).filter(**({"losses": 0} if mine else {}))
        rows = statements.apart(list(_within(rooms, pending[:wanted])), mine)
        if not rows:
            # What is under way may turn out to be no page of its own and leave its place to another.
            if not running:
                _cut(run, tally, max_pages)
            return Claim((), running > 0)
        run.pages.filter(pk__in=[row.pk for row in rows]).update(
            status=states.move("page", states.PENDING, "claim").to, lease=held.lease
        )
        return Claim(tuple(_work(row) for row in rows), True)


def _tally(run: Run) -> Counter[tuple[str, str]]:
    """How many rows of each kind, link or state, are in each status."""
    found: Counter[tuple[str, str]] = Counter()
    for kind, status, number in run.pages.order_by().values_list("kind", "status").annotate(Count("pk")):
        found[planning.LINK if kind == "link" else planning.STATE, status] += number
    return found


def _begun(tally: Mapping[tuple[str, str], int]) -> dict[str, int]:
    used = (states.RUNNING, states.DONE, states.FAILED)
    return {kind: sum(tally[kind, status] for status in used) for kind in (planning.LINK, planning.STATE)}


def _budget(run: Run, max_pages: int) -> planning.Budget:
    most: float | None = run.options.get("max_minutes")
    late = most is not None and _minutes(run) >= most
    return planning.Budget(max_pages, run.options.get("max_states", 0), late)


def _minutes(run: Run) -> float:
    return (timezone.now() - run.started_at).total_seconds() / 60 if run.started_at else 0.0


def _pending(run: Run, rooms: Mapping[str, int], held: Hold) -> QuerySet[CrawlPage]:
    order = ("losses", "priority", "pk") if held.fresh_first else ("priority", "pk")
    rows = run.pages.filter(status=states.PENDING).order_by(*order).only(*FIELDS)
    if not rooms[planning.LINK]:
        rows = rows.exclude(kind="link")
    return rows if rooms[planning.STATE] else rows.filter(kind="link")


def _within(rooms: Mapping[str, int], rows: Iterable[CrawlPage]) -> Iterator[CrawlPage]:
    left = dict(rooms)
    for row in rows:
        kind = planning.LINK if row.kind == "link" else planning.STATE
        if left[kind] > 0:
            left[kind] -= 1
            yield row


def _work(row: CrawlPage) -> PageWork:
    return PageWork(page=row.pk, url=row.url, depth=row.depth, role=row.role, path=tuple(row.path), action=row.action)


def _cut(run: Run, tally: Mapping[tuple[str, str], int], max_pages: int) -> None:
    """A budget is used up: what is still pending is skipped, and the story says why."""
    pending = {kind: tally[kind, states.PENDING] for kind in (planning.LINK, planning.STATE)}
    if any(pending.values()):
        run.pages.filter(status=states.PENDING).update(status=states.SKIPPED, skip_reason="over_budget")
        run.end_reason = planning.used_up(pending, _budget(run, max_pages))
        advance(run)
