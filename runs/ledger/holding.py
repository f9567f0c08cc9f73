"""Leases are opened, renewed, closed and lost: a worker's numbered, expiring hold on a shard."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from runs import meters, states
from runs.ledger.dependents import settle_dependents
from runs.ledger.fair_share import has_turn, waiting
from runs.ledger.leases import Hold, fence
from runs.ledger.moving import advance, enter, lose_stage
from runs.ledger.refusals import StaleLease
from runs.ledger.sending import send_shard
from runs.ledger.story import locked, tell
from runs.ledger.work import give_back_work, has_resolved, shift_one
from runs.models import Lease, Run, Shard

log = logging.getLogger(__name__)
MOST_LOOKS = 50


def take(worker: str) -> Hold | None:
    """A hold on the shard that deserves a worker most. None where nobody needs one.

    Each run offers one shard at a time, so those who come at the same moment look again.
    """
    for _ in range(MOST_LOOKS):
        turns = waiting()
        held = next(filter(None, (hold(turn.shard, worker) for turn in turns)), None)
        if held is not None or not turns:
            return held
    return None


def hold(shard_id: int, worker: str) -> Hold | None:
    """Opens the shard's next lease. None where there is nothing to do: run over or not its turn, shard held or gone."""
    with transaction.atomic():
        # Without a lock, since `has_turn` locks the project, which comes before the run. All is asked again below.
        known = Shard.objects.filter(pk=shard_id).select_related("run").first()
        if known is None or (known.run.status == states.QUEUED and not has_turn(known.run)):
            return None
        run = locked(known.run_id)
        if run.status not in (states.QUEUED, states.RUNNING):
            return None
        shard = Shard.objects.select_for_update(no_key=True).get(pk=shard_id)
        # A message that comes twice, or late, ends here (R6).
        if shard.leases.filter(state=states.OPEN).exists() or not _started(run):
            return None
        return _open(run, shard, worker)


def _started(run: Run) -> bool:
    """Starts a locked run where it is queued. False where that is its end: project gone, or nothing to execute."""
    if run.project.deleted_at is not None:
        enter(run, "fail", error="The project was deleted before the run began.", error_category="project_missing")
    elif run.status == states.QUEUED:
        enter(run, "start", started_at=timezone.now(), ai_provider=settings.ENV.ai_provider)
        # Where everything was skipped when it was queued, no shard has anything to do: the run is judged as empty.
        advance(run)
    return run.status == states.RUNNING


def _open(run: Run, shard: Shard, worker: str) -> Hold:
    now = timezone.now()
    shard.leases_opened += 1
    shard.save(update_fields=["leases_opened"])
    lease = Lease.objects.create(
        shard=shard,
        number=shard.leases_opened,
        worker=worker,
        opened_at=now,
        renewed_at=now,
        expires_at=now + timedelta(seconds=settings.ENV.lease_seconds),
    )
    kind = "shard_resumed" if lease.number > 1 else "shard_started"
    tell(run, [(kind, {"shard": shard.index, "lease": lease.number, "worker": worker})])
    # With SENTRI_MAX_LEASES=1 the bound is 0, and a shard without losses has no suspects to put last.
    fresh_first = 0 < shard.leases_lost >= settings.ENV.max_leases - 1
    return Hold(run.pk, shard.pk, shard.index, lease.pk, lease.number, worker, fresh_first=fresh_first)


def renew(held: Hold) -> None:
    """Pushes the lease's expiry out. Raises StaleLease where it is closed or the run is over."""
    now = timezone.now()
    # Without the run's lock, which records of other shards hold until the disk has them: a late lease is lost.
    renewed = Lease.objects.filter(pk=held.lease, state=states.OPEN, shard__run__status=states.RUNNING).update(
        renewed_at=now, expires_at=now + timedelta(seconds=settings.ENV.lease_seconds)
    )
    if not renewed:
        raise StaleLease


def wanted(held: Hold) -> None:
    """Raises StaleLease where the lease is closed or the run is over: how an abort reaches every worker."""
    if not Lease.objects.filter(pk=held.lease, state=states.OPEN, shard__run__status=states.RUNNING).exists():
        raise StaleLease


def finish(held: Hold) -> None:
    """Closes the lease of a shard that has nothing left to do."""
    _close(held, "finish")


def give_back(held: Hold) -> None:
    """Closes the lease early: what was running is pending again and the shard is queued for its next lease."""
    _close(held, "stop")


def _close(held: Hold, trigger: str) -> None:
    with transaction.atomic():
        run = locked(held.run)
        shard = Shard.objects.select_for_update(no_key=True).get(pk=held.shard)
        try:
            lease = fence(held)
        # Whoever took the lease has given back what it was at.
        except StaleLease:
            return
        _end(lease, trigger)
        returned = give_back_work(run, lease)
        # A worker may end with work that it was handed and never began; somebody has to be sent for it.
        if run.status == states.RUNNING and (trigger == "stop" or returned):
            send_shard(shard)


def forfeit(held: Hold, problem: str = "", category: str = "internal") -> None:
    """Loses the lease at once: the worker lives, but what it worked with died under it, or Sentri itself broke.

    What broke, in `problem`, is tried once more by another worker. The second time it fails what it broke over: the
    result, page, case or stage, and the run where it is none of these, with this category. A browser that cannot be had
    is nobody's fault but the machine's.
    """
    lose(held.lease, expired=False, problem=problem, category=category)


def lose(lease_id: int, *, expired: bool = True, problem: str = "", category: str = "internal") -> bool:
    """Takes an expired lease from its worker. False where it was renewed or closed meanwhile."""
    with transaction.atomic():
        known = Lease.objects.select_related("shard").filter(pk=lease_id).first()
        if known is None:
            return False
        run = locked(known.shard.run_id)
        shard = Shard.objects.select_for_update(no_key=True).get(pk=known.shard_id)
        lease = Lease.objects.select_for_update(no_key=True).get(pk=lease_id)
        if lease.state != states.OPEN or (expired and lease.expires_at > timezone.now()):
            return False
        _end(lease, "lose", problem=problem[:500])
        belongs = {"run": run.public_id, "shard": shard.index, "lease": lease.number, "worker": lease.worker}
        log.warning("lease lost", extra=belongs)
        # Losses count in a row: poisonous tests, each of which fails alone, do not use up a shard (decision 31).
        shard.leases_lost = 1 if has_resolved(lease) else shard.leases_lost + 1
        shard.save(update_fields=["leases_lost"])
        meters.count(meters.LEASES_LOST)
        if run.status == states.RUNNING:
            _go_on_without(run, shard, lease, category)
        return True


def take_from_hung(worker: str) -> None:
    """Takes what a worker held that hung and was killed.

    That it hung is held against what it was at, which fails alone when it does so twice; not against the shard, which
    would fail the run. Where it was at nothing in particular, the shard answers for it.
    """
    for number in list(Lease.objects.filter(worker=worker, state=states.OPEN).values_list("pk", flat=True)):
        lose(number, expired=False)
    # The sweep may have been first, for a lease runs out before a worker counts as hung.
    blaming = Lease.objects.filter(worker=worker, state=states.LOST, blames=True).select_related("shard")
    for lease in list(blaming):
        with transaction.atomic():
            locked(lease.shard.run_id)
            shard = Shard.objects.select_for_update(no_key=True).get(pk=lease.shard_id)
            # Once only: the note of a worker that hung is repeated when the database was away.
            if not Lease.objects.filter(pk=lease.pk, blames=True).update(blames=False):
                continue
            shard.leases_lost = max(0, shard.leases_lost - 1)
            shard.save(update_fields=["leases_lost"])


def _go_on_without(run: Run, shard: Shard, lease: Lease, category: str) -> None:
    """What a lost lease was at goes to others, and what was lost twice fails alone; a run that nobody can carry out
    fails."""
    data = {"shard": shard.index, "lease": lease.number, "worker": lease.worker}
    tell(run, [("shard_lost", {**data, "problem": lease.problem} if lease.problem else data)])
    # A browser that cannot be had says nothing of the tests, pages or cases that were under way.
    of_work = category == "internal"
    at_stage = of_work and run.stage in states.LONE and run.stage_lease == lease.pk
    touched = give_back_work(run, lease, lost=of_work)
    lease.blames = (of_work and touched > 0) or at_stage
    lease.save(update_fields=["blames"])
    tell(run, settle_dependents(run))
    # Kept, since the next lines may move the run on: losses over a stage that is over do not fail it.
    stage = run.stage
    if at_stage:
        lose_stage(run, lease.problem)
    if run.status != states.RUNNING:
        return
    again = Lease.objects.filter(shard__run=run).exclude(pk=lease.pk).exclude(problem="").exists()
    if lease.problem and again and not lease.blames:
        enter(run, "fail", error=lease.problem, error_category=category)
        return
    advance(run)
    if run.status != states.RUNNING:
        return
    if shard.leases_lost >= settings.ENV.max_leases and run.stage == stage:
        error = f"Shard {shard.index} lost {shard.leases_lost} workers in a row; the last was {lease.worker}."
        enter(run, "fail", error=error, error_category="leases_used_up")
        return
    send_shard(shard)


def _end(lease: Lease, trigger: str, **fields: Any) -> None:
    shift_one(lease, trigger, closed_at=timezone.now(), **fields)
