"""How many workers share a crawl: as many as there are, also when more come, unless it says how many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from runs import heartbeats, states
from runs.ledger.sending import send_shard
from runs.ledger.story import locked
from runs.models import Run, Shard

MOST = 64


def width(options: Mapping[str, Any]) -> int:
    """Shards of a crawl. One that is held to a pace per worker has one worker, unless it says how many."""
    given: int | None = options.get("shards")
    if given is not None:
        return given
    if options.get("requests_per_second") is not None:
        return 1
    return max(1, min(MOST, heartbeats.living().filter(unfit="", stopping=False).count()))


def widen() -> int:
    """Gives running crawls that take all workers the shards for those that came since; how many."""
    # Options are stored with all their keys: None here finds JSON's null, and no row that lacks the key.
    crawls = Run.objects.filter(kind="crawl", status=states.RUNNING, options__shards=None)
    return sum(_widen(run.pk) for run in crawls.only("pk", "options") if width(run.options) > run.shards.count())


def _widen(run_id: int) -> int:
    with transaction.atomic():
        run = locked(run_id)
        if run.status != states.RUNNING:
            return 0
        there, now = run.shards.count(), timezone.now()
        made = [Shard(run=run, index=index, sent_at=now) for index in range(there, width(run.options))]
        for shard in Shard.objects.bulk_create(made):
            send_shard(shard)
        return len(made)
