"""What django-q2 calls. Ids in, ledger out; every task may be delivered twice, late, or after the end."""

from __future__ import annotations

import logging

from django.db import DatabaseError

from runs import delivering, judging, queue, worker

log = logging.getLogger(__name__)


def shard(shard_id: int) -> None:
    """Works on a shard that waits: the one that is named, or one that deserves a worker more."""
    # The message is used up all the same; the sweep sends another one (decision 4).
    if not queue.stopping():
        worker.work(shard_id)


def judge(run_id: int) -> None:
    """Ends a run whose results are resolved."""
    judging.judge(run_id)


def deliver(delivery_id: int) -> None:
    """Tries a due delivery once; what came of it is in its log, and the sweep asks for the next try."""
    if queue.stopping():
        return
    try:
        delivering.deliver(delivery_id)
    except DatabaseError:
        log.exception("delivery %s: the database is away; it is tried again once it is back", delivery_id)


def trial(number: int) -> None:
    """Tries a sign-in that somebody asked for."""
    if not queue.stopping():
        worker.try_one_sign_in(number)
