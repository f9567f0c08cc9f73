"""Messages that say where work waits. Each is a hint: the rows are the truth, and a worker looks at them anew."""

from __future__ import annotations

from django.utils import timezone

from runs import queue
from runs.models import Run, Shard


def send_shard(shard: Shard) -> None:
    """Queues a message for a locked shard."""
    shard.sent_at = timezone.now()
    shard.save(update_fields=["sent_at"])
    queue.send("shard", shard.pk)


def send_judge(run: Run) -> None:
    """Queues a message for a locked run that waits for its verdict."""
    run.sent_at = timezone.now()
    run.save(update_fields=["sent_at"])
    queue.send("judge", run.pk)
