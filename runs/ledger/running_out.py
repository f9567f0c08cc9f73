"""What a crawl's stage has no time for is left out, and told; what is at work then is stopped."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from runs import states
from runs.ledger.deadlines import is_late
from runs.ledger.leases import Hold, require_open
from runs.ledger.moving import advance
from runs.ledger.stage_counts import count_cases
from runs.ledger.story import Line, locked, tell
from runs.ledger.work import shift, skip
from runs.models import Run

PENDING = Q(status=states.PENDING)


def out_of_time(held: Hold) -> bool:
    """Whether the run's stage may begin nothing more; what waits of it is then left out."""
    run = Run.objects.only("kind", "stage", "options", "started_at").get(pk=held.run)
    if not is_late(run):
        return False
    _leave(held, run.stage, PENDING)
    return True


def stop_stage(held: Hold, stage: str) -> None:
    """Leaves out what the stage has not come to and what this lease is at, for the stage's time is over."""
    _leave(held, stage, PENDING | Q(status=states.RUNNING, lease=held.lease))


def _leave(held: Hold, stage: str, which: Q) -> None:
    with transaction.atomic():
        run = locked(held.run)
        # Another shard may have left it out while this one waited for the lock.
        if run.status != states.RUNNING or run.stage != stage or stage not in LEAVING:
            return
        require_open(held)
        tell(run, LEAVING[stage](run, which))
        advance(run)


def _pages(run: Run, which: Q) -> list[Line]:
    # Before the rest is skipped: what was asked and did not answer has failed, with its reason, and was not left out.
    shift(run.pages.filter(which, tries__gt=0), "give_up", visited_at=timezone.now())
    if skip(run.pages.filter(which), "over_budget"):
        run.end_reason = "time_budget"
        run.save(update_fields=["end_reason"])
    return []


def _cases(run: Run, which: Q) -> list[Line]:
    left = skip(run.cases.filter(which))
    if not left:
        return []
    return [
        _warning(f"The time for trying is over: {left} of {run.cases.count()} cases are left out."),
        *count_cases(run),
    ]


def _proofs(run: Run, which: Q) -> list[Line]:
    left = skip(run.results.filter(which), "unproved")
    if not left:
        return []
    return [_warning(f"The crawl's time is over: {left} proposals are not proved. “Prove the rest” proves them.")]


def _warning(message: str) -> Line:
    return ("log", {"level": "warning", "message": message})


LEAVING: dict[str, Callable[[Run, Q], list[Line]]] = {
    states.CRAWL: _pages,
    states.OBSERVE: _cases,
    states.PROVE: _proofs,
}
