"""Carries out what must not wait for a free worker: verdicts and deliveries that nobody has taken for some seconds.

Long runs may keep all workers busy for hours. Whoever waits for an answer should not wait for them.
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from django import db
from django.utils import timezone

from runs import delivering, judging, ledger

log = logging.getLogger(__name__)
UNTAKEN = timedelta(seconds=3)


def carry() -> int:
    """One round; how many errands were taken on. Workers that come meanwhile find them taken, or done."""
    before = timezone.now() - UNTAKEN
    runs, deliveries = ledger.unjudged(before), ledger.undelivered(before)
    for run in runs:
        judging.judge(run)
    for delivery in deliveries:
        delivering.deliver(delivery)
    return len(runs) + len(deliveries)


class FallbackWorker(threading.Thread):
    """A thread beside the cluster. A receiver may take its time, so it does nothing else."""

    def __init__(self, period: float = 1.0) -> None:
        super().__init__(name="fallback worker", daemon=True)
        self._period = period
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(self._period):
            try:
                # Outside of requests and tasks nobody else closes a connection that a restart of the database broke.
                db.close_old_connections()
                carry()
            except db.Error as error:
                log.info("Errands wait for the database: %s", error)
            except Exception:
                log.exception("An errand failed; the fallback worker goes on")
        # Connections are those of a thread, so nobody else can close this one.
        db.connections.close_all()
