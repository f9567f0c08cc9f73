"""Hedges: an idle worker repeats a test that another has been at for too long, and the first to finish wins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from runs import meters, planning, states
from runs.engine.plan import TestWork
from runs.ledger.leases import Hold, working
from runs.ledger.story import tell
from runs.ledger.versions import documents
from runs.models import Attempt, Result


def hedge(held: Hold, retries: int) -> TestWork | None:
    """The most overdue result of another lease, for this one as well. None if none is overdue. Raises StaleLease."""
    # Without the run's lock at first: who has nothing to do asks several times a second, and mostly in vain.
    if not _overdue(held):
        return None
    with transaction.atomic():
        run = working(held)
        found = _overdue(held)
        if not found:
            return None
        row = found[0]
        document = _document(held, row)
        if document is None:
            return None
        Result.objects.filter(pk=row.pk).update(hedge=held.lease)
        message = f"“{row.title}” takes more than twice its usual time; {held.worker} tries it as well."
        tell(run, [("log", {"level": "info", "message": message})])
    meters.count(meters.HEDGES)
    # An earlier second execution may have left attempts: their numbers go on, and its retries begin anew.
    made = Attempt.objects.filter(result=row.pk, hedge=True).count()
    return TestWork(
        result=row.pk,
        title=row.title,
        document=document,
        row=row.row,
        attempts_before=made,
        retries=retries + made,
    )


def _document(held: Hold, row: Result) -> dict[str, Any] | None:
    """None where the test is gone meanwhile: whoever executes it has its document and will say how it ends."""
    if row.document is not None or row.test_id is None:
        return row.document
    return documents(held, [(row.test_id, row.version)]).get((row.test_id, row.version))


def _overdue(held: Hold) -> list[Result]:
    """Running results of others that may be executed twice and have taken too long, the most overdue first.

    What a worker was lost over before is not given to two, and leaves no room beside it.
    """
    now = timezone.now()
    running = Result.objects.filter(run=held.run, status=states.RUNNING)
    if running.filter(lease=held.lease, losses__gt=0).exists():
        return []
    running = running.filter(hedge=None, estimate_ms__gt=0, losses=0)
    # Two executions at once would meet in a serial group or an account (decision 12).
    alone = running.filter(proposal__isnull=True, serial="", account="", no_hedge=False).exclude(lease=held.lease)
    late = [
        (_ms(now - row.claimed_at) - row.estimate_ms, row)
        for row in alone.only("title", "claimed_at", "estimate_ms", "row", "document", "test", "version")
        if row.claimed_at and planning.worth_hedging(_ms(now - row.claimed_at), row.estimate_ms)
    ]
    return [row for _, row in sorted(late, key=lambda pair: (-pair[0], pair[1].pk))]


def _ms(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
