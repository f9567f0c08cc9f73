"""Hands out work: each result and page to one lease at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import connection, transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from runs import planning, states
from runs.engine.plan import PageWork, TestWork
from runs.ledger.dependents import settle_dependents
from runs.ledger.holding import Hold, fence
from runs.ledger.moving import advance
from runs.ledger.refusals import Stale
from runs.ledger.story import locked, tell
from runs.models import Result, Run

W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Claim(Generic[W]):
    """Work, or none; `more` says whether some may come later (others wait, or are in other hands)."""

    work: W | None
    more: bool


def claim(held: Hold, retries: int) -> Claim[TestWork]:
    """The next result for this shard: from its own share first, then from the share that has the longest way to go."""
    with transaction.atomic():
        fence(held)
        row = _next_result(held)
        if row is None:
            return Claim(None, _pending_results(held).exists())
        row.status = states.move("result", row.status, "claim").to
        row.lease_id, row.claimed_at = held.lease, timezone.now()
        row.save(update_fields=["status", "lease", "claimed_at"])
    if row.proposal is None and (row.test is None or row.test.deleted_at is not None):
        skip_deleted(held, row.pk)
        return claim(held, retries)
    return Claim(
        TestWork(
            result=row.pk,
            title=row.title,
            document=row.document,
            row=row.row,
            attempts_before=row.attempt_count,
            retries=0 if row.proposal is not None else retries,
            replays=row.replays,
        ),
        True,
    )


def _pending_results(held: Hold) -> QuerySet[Result]:
    return Result.objects.filter(run=held.run, status=states.PENDING)


def _next_result(held: Hold) -> Result | None:
    free = _unlocked(_pending_results(held).filter(blocked=False).select_related("test"))
    own = free.filter(home=held.index).order_by("position").first()
    if own is not None:
        return own
    left = _pending_results(held).filter(blocked=False).order_by().values_list("home").annotate(Sum("estimate_ms"))
    sibling = planning.slowest(dict(left))
    return None if sibling is None else free.filter(home=sibling).order_by("position").first()


def _unlocked(rows: QuerySet[Result]) -> QuerySet[Result]:
    """Rows that no other claim holds; SQLite's transactions are exclusive anyway."""
    if not connection.features.has_select_for_update_skip_locked:
        return rows
    return rows.select_for_update(skip_locked=True, of=("self",))


def skip_deleted(held: Hold, result_id: int) -> None:
    """Resolves a claimed result whose test was deleted meanwhile."""
    with transaction.atomic():
        run = locked(held.run)
        if run.status != states.RUNNING:
            raise Stale
        fence(held)
        skipped = Result.objects.filter(pk=result_id, status=states.RUNNING, lease=held.lease).update(
            status=states.SKIPPED, skip_reason="test_deleted", finished_at=timezone.now()
        )
        if skipped:
            told = {"result": result_id, "status": states.SKIPPED, "skip_reason": "test_deleted"}
            tell(run, [("result", told), *settle_dependents(run)])
            advance(run)


def claim_page(held: Hold, max_pages: int) -> Claim[PageWork]:
    """The next address of the frontier by priority, as long as the crawl's page budget lasts."""
    with transaction.atomic():
        run = locked(held.run)
        if run.status != states.RUNNING:
            raise Stale
        fence(held)
        tally = run.pages.tally()
        begun = tally[states.RUNNING] + tally[states.DONE] + tally[states.FAILED]
        if begun >= max_pages:
            _cut(run, max_pages)
            return Claim(None, tally[states.RUNNING] > 0)
        row = run.pages.filter(status=states.PENDING).order_by("priority", "pk").first()
        if row is None:
            return Claim(None, tally[states.RUNNING] > 0)
        row.status = states.move("page", row.status, "claim").to
        row.lease_id = held.lease
        row.save(update_fields=["status", "lease"])
        return Claim(PageWork(page=row.pk, url=row.url, depth=row.depth), True)


def _cut(run: Run, max_pages: int) -> None:
    """The budget is used up: what is still pending is skipped, and the story says so."""
    cut = run.pages.filter(status=states.PENDING).update(status=states.SKIPPED, skip_reason="over_budget")
    if cut:
        message = f"The limit of {max_pages} pages is reached; {cut} more addresses are known and were not visited."
        tell(run, [("log", {"level": "info", "message": message})])
        advance(run)
