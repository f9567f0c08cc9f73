"""Puts right what died: expired leases, lost messages, dead finalizers. Called every second by the supervisor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from runs import frames, meters, queue, states
from runs.ledger.fair_share import unheld, waiting
from runs.ledger.holding import lose
from runs.ledger.outbox import resend_deliveries
from runs.ledger.refusals import Refused
from runs.ledger.sending import send_judge, send_shard
from runs.ledger.story import locked, tell
from runs.ledger.widening import widen
from runs.models import Lease, Run, Shard

# Messages that are not taken for so long are sent again, if the queue is empty (decision 4).
RESEND = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Swept:
    """How much was put right."""

    lost: int = 0
    shards_sent: int = 0
    judges_sent: int = 0
    deliveries_sent: int = 0


def sweep() -> Swept:
    """One round. Safe to run anywhere, any number of times at once."""
    now = timezone.now()
    expired = Lease.objects.filter(state=states.OPEN, expires_at__lt=now).values_list("pk", flat=True)
    lost = sum(lose(lease) for lease in list(expired))
    frames.way().forget_unwatched()
    judging = Run.objects.filter(status=states.JUDGING, sent_at__lt=now - RESEND).values_list("pk", flat=True)
    judges = sum(_resend_judge(run) for run in list(judging))
    widen()
    shards = (
        0
        # What is in the queue could be the message for any shard: its payload is opaque there (decision 4).
        if queue.waiting()
        else sum(_resend(turn.shard, turn.run) for turn in waiting() if turn.sent_at < now - RESEND)
    )
    meters.count(meters.RESENT, shards, "shard")
    meters.count(meters.RESENT, judges, "judge")
    return Swept(lost, shards, judges, resend_deliveries())


def unjudged(before: datetime) -> list[int]:
    """Runs that have waited for their verdict since then."""
    return list(
        Run.objects.filter(status=states.JUDGING, sent_at__lt=before).order_by("pk").values_list("pk", flat=True)
    )


def requeue(run_id: int) -> int:
    """Sends the messages of a living run again, by hand. Raises Refused(run_over). The number sent."""
    run = Run.objects.get(pk=run_id)
    if run.is_over:
        raise Refused("run_over", f"{run.public_id} is {run.status}; start a new run instead.")
    if run.status == states.JUDGING:
        return _resend_judge(run.pk)
    return sum(_resend(shard, run.pk) for shard in run.shards.values_list("pk", flat=True))


def pass_on(shard_id: int, sent_at: datetime) -> bool:
    """Sends a message again that a worker cannot use, for the shard that it names or for another that waits.

    Not where nothing waits, nor where that shard's message was sent again since `sent_at`: messages do not multiply.
    """
    turns = waiting()
    named = unheld(Shard.objects.filter(pk=shard_id)).values_list("run", flat=True).first()
    target = shard_id if named in {turn.run for turn in turns} else next((turn.shard for turn in turns), None)
    if target is None:
        return False
    with transaction.atomic():
        locked(Shard.objects.values_list("run", flat=True).get(pk=target))
        shard = Shard.objects.select_for_update(no_key=True).get(pk=target)
        if target == shard_id and shard.sent_at != sent_at:
            return False
        send_shard(shard)
        return True


def _resend(shard_id: int, run_id: int) -> int:
    with transaction.atomic():
        run = locked(run_id)
        shard = Shard.objects.select_for_update(no_key=True).get(pk=shard_id)
        if run.status not in (states.QUEUED, states.RUNNING) or shard.leases.filter(state=states.OPEN).exists():
            return 0
        send_shard(shard)
        message = f"Shard {shard.index} waited without a message in the queue; it was queued again."
        tell(run, [("log", {"level": "warning", "message": message})])
        return 1


def _resend_judge(run_id: int) -> int:
    with transaction.atomic():
        run = locked(run_id)
        if run.status != states.JUDGING:
            return 0
        send_judge(run)
        tell(
            run, [("log", {"level": "warning", "message": "Nobody came to judge the run; it was queued for it again."})]
        )
        return 1
