"""Puts right what died: expired leases, lost messages, dead finalizers. Called every second by the supervisor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from runs import frames, queue, states
from runs.ledger.holding import lose, send_shard
from runs.ledger.owing import resend_deliveries
from runs.ledger.refusals import Refused
from runs.ledger.story import locked
from runs.models import CrawlPage, Lease, Result, Run, Shard

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
    deliveries = resend_deliveries()
    if queue.waiting():
        return Swept(lost=lost, deliveries_sent=deliveries)
    shards = list(_unheld(Shard.objects.filter(sent_at__lt=now - RESEND)).values_list("pk", "run_id"))
    sent = sum(_resend(shard, run) for shard, run in shards)
    judging = Run.objects.filter(status=states.JUDGING, sent_at__lt=now - RESEND).values_list("pk", flat=True)
    return Swept(lost, sent, sum(_resend_judge(run) for run in list(judging)), deliveries)


def requeue(run_id: int) -> int:
    """Sends the messages of a living run again, by hand. Raises Refused(run_over). The number sent."""
    run = Run.objects.get(pk=run_id)
    if run.is_over:
        raise Refused("run_over", f"{run.public_id} is {run.status}; start a new run instead.")
    if run.status == states.JUDGING:
        return _resend_judge(run.pk)
    return sum(_resend(shard, run.pk) for shard in run.shards.values_list("pk", flat=True))


def _unheld(shards: QuerySet[Shard]) -> QuerySet[Shard]:
    """Shards of living runs that no worker holds although work for them is left."""
    held = Lease.objects.filter(shard=OuterRef("pk"), state=states.OPEN)
    results = Result.objects.filter(run=OuterRef("run"), status=states.PENDING)
    pages = CrawlPage.objects.filter(run=OuterRef("run"), status=states.PENDING)
    waiting = shards.filter(~Exists(held), run__status__in=(states.QUEUED, states.RUNNING))
    begins = waiting.filter(run__status=states.QUEUED)
    proposes = waiting.filter(run__stage=states.PROPOSE)
    works = waiting.filter(Exists(results)) | waiting.filter(Exists(pages))
    return begins | proposes | works


def _resend(shard_id: int, run_id: int) -> int:
    with transaction.atomic():
        run = locked(run_id)
        shard = Shard.objects.select_for_update().get(pk=shard_id)
        if run.status not in (states.QUEUED, states.RUNNING) or shard.leases.filter(state=states.OPEN).exists():
            return 0
        send_shard(shard)
        return 1


def _resend_judge(run_id: int) -> int:
    with transaction.atomic():
        run = locked(run_id)
        if run.status != states.JUDGING:
            return 0
        run.sent_at = timezone.now()
        run.save(update_fields=["sent_at"])
        queue.send("judge", run.pk)
        return 1
