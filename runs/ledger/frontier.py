"""Hands out the frontier: pages and states by priority, as long as the budgets of the crawl last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from runs import planning, states
from runs.engine.plan import PageWork
from runs.ledger import patience
from runs.ledger.deadlines import is_late
from runs.ledger.leases import Hold, working
from runs.ledger.moving import advance
from runs.ledger.work import Claim, apart, beside, give, losses_of, shift, skip, waiting
from runs.models import CrawlPage, Run

PUT_OFF = "put off"
FIELDS = ("url", "depth", "kind", "role", "path", "action", "losses")


def claim_pages(held: Hold, max_pages: int, wanted: int = 1) -> Claim[PageWork]:
    """The next rows of the frontier by priority, `wanted` at most, of each kind as many as its budget has room for.

    Raises StaleLease.
    """
    with transaction.atomic():
        # Under the run's lock: counted at the same moment by two shards, a budget would be handed out twice.
        run = working(held)
        tally, again = _tally(run), run.pages.filter(status=states.PENDING, tries__gt=0)
        running = sum(number for (_, status), number in tally.items() if status == states.RUNNING)
        budget = _budget(run, max_pages)
        rooms = planning.rooms(_begun(tally, budget), budget)
        at = losses_of(held, run.pages.all())
        # What was put off keeps its place in the budget.
        late = beside(at, again.filter(patience.due())).order_by("not_before").only(*FIELDS)
        rows = [] if budget.late else list(late[:wanted])
        rows += _within(rooms, waiting(held, _open_to(run, rooms), at, "priority", "pk")[: wanted - len(rows)])
        rows = apart(rows, at)
        if not rows:
            # What is under way may turn out to be no page of its own and leave its place to another.
            more = running > 0 or (not budget.late and again.exists())
            if not more:
                _cut(run, tally, max_pages)
            return Claim((), more)
        give(held, CrawlPage, rows)
        return Claim(tuple(_work(row) for row in rows), True)


def _tally(run: Run) -> Counter[tuple[str, str]]:
    """How many rows of each kind, link or state, are in each status."""
    found: Counter[tuple[str, str]] = Counter()
    for kind, status, number in run.pages.order_by().values_list("kind", "status").annotate(Count("pk")):
        found[planning.LINK if kind == "link" else planning.STATE, status] += number
    put_off = run.pages.filter(status=states.PENDING, tries__gt=0).order_by().values_list("kind")
    for kind, number in put_off.annotate(Count("pk")):
        found[planning.LINK if kind == "link" else planning.STATE, PUT_OFF] += number
    return found


def _begun(tally: Mapping[tuple[str, str], int], budget: planning.CrawlBudget) -> dict[str, int]:
    most = {planning.LINK: budget.pages, planning.STATE: budget.states}
    return {
        kind: planning.begun(
            sum(tally[kind, status] for status in (states.RUNNING, states.DONE, PUT_OFF)),
            tally[kind, states.FAILED],
            most[kind],
        )
        for kind in most
    }


def _budget(run: Run, max_pages: int) -> planning.CrawlBudget:
    return planning.CrawlBudget(max_pages, run.options.get("max_states", 0), is_late(run))


def _open_to(run: Run, rooms: Mapping[str, int]) -> QuerySet[CrawlPage]:
    """What was never asked, of those kinds that the budgets have room for."""
    rows = run.pages.filter(tries=0).only(*FIELDS)
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
        # What was put off and is not asked any more did not answer when it was.
        left = run.pages.filter(status=states.PENDING)
        shift(left.filter(tries__gt=0), "give_up", visited_at=timezone.now())
        skip(left, "over_budget")
        run.end_reason = planning.used_up(pending, _budget(run, max_pages))
        advance(run)
