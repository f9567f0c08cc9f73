"""What is tried on an application, in rows: planned once, what it leads to joins, what came of it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from runs import states
from runs.engine.events import CaseObserved
from runs.ledger import patience, rows
from runs.ledger.leases import Hold
from runs.ledger.story import tell
from runs.ledger.work import shift_one
from runs.models import Case, Run

MOST_CASES = 2_000


def add_cases(run: Run, works: Iterable[dict[str, Any]]) -> None:
    """Plans cases; each family and key once, however often it comes. What exceeds 2,000 of a run is left out."""
    room = MOST_CASES - run.cases.count()
    planned = [
        Case(run=run, digest=digest_of(work), family=work["family"], work=rows.storable(work))
        for work in list(works)[: max(0, room)]
    ]
    Case.objects.bulk_create(planned, ignore_conflicts=True)


def digest_of(work: dict[str, Any]) -> str:
    return hashlib.sha256(f"{work['family']} {work['key']}".encode()).hexdigest()


def observed(run: Run, held: Hold, event: CaseObserved) -> bool:
    """Keeps what came of a case that this lease is trying. False, and nothing written, for a late or second telling."""
    case = Case.objects.filter(pk=event.case, run=run, lease=held.lease, status=states.RUNNING).defer("work").first()
    if case is None:
        return False
    why = patience.unusual(run, event.troubles)
    if why and patience.put_off(run, case, why):
        return True
    tell(run, patience.settled(run, case, f"What was tried ({case.family})", event.troubles))
    shift_one(
        case,
        "fail" if event.problem else "observe",
        outcome=rows.storable(event.outcome),
        error=rows.storable(event.problem[:1000]),
        observed_at=timezone.now(),
    )
    add_cases(run, event.deeper)
    return True
