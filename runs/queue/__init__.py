"""Work for the workers. A message only says which row to look at; the rows are the truth."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from runs.queue.cluster import retire, stopping

__all__ = ["retire", "send", "stopping", "waiting"]


def send(name: str, *ids: int) -> None:
    """Calls runs.tasks.<name>(*ids) in a worker, soon after the caller's transaction has committed."""
    from django_q.tasks import async_task

    if settings.ENV.broker == "redis":
        # Redis knows nothing of the transaction: a message could come before its rows, or for none (R1).
        transaction.on_commit(lambda: async_task(f"runs.tasks.{name}", *ids))
    else:
        async_task(f"runs.tasks.{name}", *ids)


def waiting() -> int:
    """How many messages no cluster has taken yet."""
    from django_q.brokers import get_broker

    return int(get_broker().queue_size())
