"""Brokers that hand a cluster no more messages than it has idle workers.

A message that waits inside a busy cluster would be out of the reach of the idle workers of another one.
"""

from __future__ import annotations

import logging
import os
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from django import db
from django_q.brokers import Broker
from django_q.brokers.orm import ORM
from django_q.brokers.redis_broker import Redis
from django_q.conf import Conf
from redis.exceptions import ConnectionError as RedisAway

from runs.queue.cluster import CLUSTER_DIR, Traces

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.02
AGAIN_SECONDS = 1.0
# A worker on a busy machine takes its time until it shows that it has a message.
TAKING_SECONDS = 5.0
Mark = tuple[frozenset[int], float]


class Restraint:
    """Seen from the cluster's pusher: whether some worker would begin the next message at once."""

    def __init__(self) -> None:
        directory = os.environ.get(CLUSTER_DIR)
        self._traces = Traces(Path(directory)) if directory else None
        self._given_at = 0.0
        self._mark: Mark | None = None

    def wait(self, seconds: float) -> bool:
        """True as soon as a worker is idle, False after `seconds` without one."""
        until = time.monotonic() + seconds
        while not self._somebody_is_idle():
            if time.monotonic() >= until:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def gave(self) -> None:
        """A message was handed on; until a worker shows that it has it, the next one waits for a moment."""
        if self._traces:
            self._given_at, self._mark = time.monotonic(), self._look(self._traces)

    def _somebody_is_idle(self) -> bool:
        if self._traces is None:
            return True
        mark = self._look(self._traces)
        under_way = mark == self._mark and time.monotonic() - self._given_at < TAKING_SECONDS
        return not under_way and len(mark[0]) < Conf.WORKERS

    @staticmethod
    def _look(traces: Traces) -> Mark:
        """Changes with each task that begins or ends."""
        return frozenset(pid for pid in traces.busy() if psutil.pid_exists(pid)), traces.last_beat()


class Restrained(Broker):  # type: ignore[misc]
    """Takes a message when there is somebody to work on it; a server that is away is asked again soon.

    django-q2 itself would give up its pusher and start another one after ten seconds.
    """

    away = False

    @cached_property
    def _restraint(self) -> Restraint:
        return Restraint()

    def dequeue(self) -> Any:
        if not self._restraint.wait(Conf.POLL):
            return None
        try:
            found = super().dequeue()
        except (db.OperationalError, db.InterfaceError, RedisAway) as error:
            if not self.away:
                log.warning("The queue is away: %s", error)
            self.away = True
            time.sleep(AGAIN_SECONDS)
            return None
        self.away = False
        if found:
            self._restraint.gave()
        return found


class DatabaseBroker(Restrained, ORM):  # type: ignore[misc]
    """Messages in the database."""


class RedisList(Restrained, Redis):  # type: ignore[misc]
    """Messages in Redis."""
