"""Hands out work: each result and page to one lease at a time, the last long test to a second one as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from runs import meters, planning, states
from runs.engine.plan import CaseWork, TestWork
from runs.ledger import statements
from runs.ledger.dependents import settle_dependents
from runs.ledger.fair_share import others_wait
from runs.ledger.hedging import hedge
from runs.ledger.leases import Hold, require_open, working
from runs.ledger.moving import advance
from runs.ledger.patience import due
from runs.ledger.running_out import out_of_time
from runs.ledger.statements import Free
from runs.ledger.story import tell
from runs.ledger.versions import documents
from runs.ledger.work import Claim, apart, give, losses_of, skip, waiting
from runs.models import Case, Result


def claim(held: Hold, retries: int, wanted: int = 1, *, hedging: bool = False) -> Claim[TestWork]:
    """The next results for this shard, `wanted` at most, in one transaction.

    From its own share first, in dispatch order; then from the share that has most time left; then, with `hedging`, one
    that another worker has been at for too long. Raises StaleLease.
    """
    with meters.timed(meters.CLAIM_SECONDS):
        try:
            rows = _take(held, wanted)
        except IntegrityError:  # another shard took the same serial group or account a moment before
            rows = []
    works = tuple(_works(held, rows, retries))
    gone = {row.pk for row in rows}.difference(work.result for work in works)
    if gone:
        _skip_deleted(held, sorted(gone))
    meters.count(meters.CLAIMS, len(works))
    if works or gone:
        return Claim(works, True) if works else claim(held, retries, wanted, hedging=hedging)
    twice = hedge(held, retries) if hedging else None
    if twice is not None:
        return Claim((twice,), True)
    return Claim((), _pending(held).exists() or (hedging and _may_hedge_later(held)))


def claim_proofs(held: Hold, wanted: int = 1) -> Claim[TestWork]:
    """The next proposals to prove: those in other hands may come back to nobody else. Raises StaleLease.

    Once the crawl's time is over there are none any more.
    """
    if out_of_time(held):
        return Claim((), more=False)
    claimed = claim(held, retries=0, wanted=wanted)
    # A crawl hung when those who held its last proofs died and all others had gone.
    return claimed if claimed.more else Claim((), _in_other_hands(held).exists())


def _in_other_hands(held: Hold) -> QuerySet[Result]:
    return Result.objects.filter(run=held.run, status=states.RUNNING).exclude(lease=held.lease)


def _may_hedge_later(held: Hold) -> bool:
    """Whether to wait for a test of another lease to become overdue: only where nobody else could use the worker."""
    return _in_other_hands(held).exists() and not others_wait(held.run)


def _take(held: Hold, wanted: int) -> list[Free]:
    with transaction.atomic():
        # The run is not locked: claims would wait for the records of all shards, and these for the disk (decision 13).
        statements.need_not_survive()
        require_open(held)
        rows = _next_results(held, wanted)
        return give(held, Result, rows, claimed_at=timezone.now())


def _works(held: Hold, rows: Sequence[Free], retries: int) -> Iterator[TestWork]:
    """What is to be done, without results whose tests are gone."""
    living = [row for row in rows if row.proves or not row.orphaned]
    places = {row.pk: (row.test, row.version) for row in living if row.document is None and row.test is not None}
    found = documents(held, places.values()) if places else {}
    for row in living:
        document = row.document if row.document is not None else found.get(places[row.pk])
        if document is not None:
            yield _work(row, document, retries)


def _work(row: Free, document: dict[str, Any], retries: int) -> TestWork:
    return TestWork(
        result=row.pk,
        title=row.title,
        document=document,
        row=row.row,
        attempts_before=row.attempt_count,
        retries=0 if row.proves else retries,
        replays=row.replays,
        # What was tried without letting requests through that write is proved without them as well.
        writes=not row.proves or bool(row.proposal.get("writes")),
    )


def _pending(held: Hold) -> QuerySet[Result]:
    return Result.objects.filter(run=held.run, status=states.PENDING)


def _next_results(held: Hold, wanted: int) -> list[Free]:
    """From its own share; then from that of the sibling it helps; then from whoever has most left and lets it."""
    for home in (held.index, held.helps):
        found = _of(held, home, wanted) if home is not None else []
        if found:
            return found
    # The slowest sibling may have only blocked tests, or a busy serial group: then the next slowest is helped.
    for home in _siblings(held):
        found = _of(held, home, wanted)
        if found:
            held.helps = home
            return found
    held.helps = None
    return []


def _of(held: Hold, home: int, wanted: int) -> list[Free]:
    return _one_of_each(apart(statements.free(held.run, home, wanted, held.lease, fresh_first=held.fresh_first)))


def _siblings(held: Hold) -> Iterator[int]:
    """Whose share to help with, the one that has most time left first."""
    homes = _pending(held).filter(blocked=False).order_by().values_list("home")
    # Each row counts a millisecond more: where nothing is estimated, the share with most rows is the slowest.
    left = dict(homes.annotate(left=Sum("estimate_ms") + Count("pk")))
    while (home := planning.slowest(left)) is not None:
        del left[home]
        yield home


def _one_of_each(rows: Iterable[Free]) -> list[Free]:
    """The rows without a second one of the same serial group or account."""
    # To the statement two free rows of a group are both free. Claimed together they would meet in the unique index, and
    # the whole claim would fail.
    taken: set[tuple[str, str]] = set()
    kept: list[Free] = []
    for row in rows:
        keys = {("serial", row.serial), ("account", row.account)} - {("serial", ""), ("account", "")}
        if not keys & taken:
            taken |= keys
            kept.append(row)
    return kept


def _skip_deleted(held: Hold, results: Sequence[int]) -> None:
    """Resolves claimed results whose tests were deleted meanwhile."""
    with transaction.atomic():
        # In a transaction of its own, since the run's lock comes before the lease's and a claim holds the latter alone.
        run = working(held)
        rows = Result.objects.filter(pk__in=results, lease=held.lease)
        lines = [("result", {"result": pk, "status": states.SKIPPED, "skip_reason": "test_deleted"}) for pk in results]
        skip(rows, "test_deleted")
        tell(run, [*lines, *settle_dependents(run)])
        advance(run)


def claim_cases(held: Hold, wanted: int = 1) -> Claim[CaseWork]:
    """The next cases in the order in which they were planned; those under way may lead to more. Raises StaleLease.

    Once the time for trying is over there are none any more.
    """
    if out_of_time(held):
        return Claim((), more=False)
    with transaction.atomic():
        run = working(held)
        at = losses_of(held, run.cases.all())
        free = waiting(held, run.cases.filter(due()), at, "pk").only("work", "losses")
        rows = give(held, Case, apart(free[:wanted], at))
        works = tuple(CaseWork(case=row.pk, work=row.work) for row in rows)
        return Claim(works, bool(works) or run.cases.filter(status__in=states.UNRESOLVED).exists())
