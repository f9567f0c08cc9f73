"""Live frames on their way from workers to whoever watches a run: the newest of each context, on demand, never kept.

They are no part of a run's state: any of them may be lost, and none may hold a run up. They travel through the cache
where Redis is configured, otherwise through rows that are written over and deleted once nobody watches.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from runs.models import LiveFrame, LiveView

log = logging.getLogger(__name__)
# Whoever watches says so every two seconds (`runs.viewing`); two of these may be late.
WANTED_SECONDS = 6
KEPT_SECONDS = 120
GRACE_SECONDS = 5
LOOK_SECONDS = 1.0
AFTER_TROUBLE_SECONDS = 10.0
LOCK_MS = 50
# As many contexts as a shard may have.
MOST_SLOTS = 10
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Picture:
    """What one context shows; `at` tells it from other pictures of the same context."""

    title: str
    jpeg: bytes
    at: datetime


class FrameTransport(Protocol):
    """How frames travel. Places are (shard, slot)."""

    def want(self, run: int) -> None: ...

    def wanted(self, run: int) -> bool: ...

    def put(self, run: int, shard: int, pictures: Mapping[int, Picture]) -> None: ...

    def newer(self, run: int, shards: int, known: Mapping[Place, datetime]) -> dict[Place, Picture]: ...

    def forget_unwatched(self) -> None: ...


class DatabaseFrames:
    """Through the database."""

    def want(self, run: int) -> None:
        view = LiveView(run_id=run, wanted_until=timezone.now() + timedelta(seconds=WANTED_SECONDS))
        LiveView.objects.bulk_create(
            [view], update_conflicts=True, unique_fields=["run"], update_fields=["wanted_until"]
        )

    def wanted(self, run: int) -> bool:
        return LiveView.objects.filter(run=run, wanted_until__gt=timezone.now()).exists()

    def put(self, run: int, shard: int, pictures: Mapping[int, Picture]) -> None:
        view = LiveView.objects.filter(run=run, wanted_until__gt=timezone.now()).values_list("pk", flat=True).first()
        if view is None:
            return
        rows = [
            LiveFrame(view_id=view, shard=shard, slot=slot, title=seen.title[:300], jpeg=seen.jpeg, at=seen.at)
            for slot, seen in pictures.items()
        ]
        with without_waiting():
            LiveFrame.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["view", "shard", "slot"],
                update_fields=["title", "jpeg", "at"],
            )

    def newer(self, run: int, shards: int, known: Mapping[Place, datetime]) -> dict[Place, Picture]:
        there = LiveFrame.objects.filter(view__run=run, shard__lt=shards)
        heads = there.values_list("pk", "shard", "slot", "at")
        changed = [pk for pk, shard, slot, at in heads if known.get((shard, slot)) != at]
        rows = LiveFrame.objects.filter(pk__in=changed) if changed else []
        return {(row.shard, row.slot): Picture(row.title, bytes(row.jpeg), row.at) for row in rows}

    def forget_unwatched(self) -> None:
        # Workers may take a moment to see that nobody watches any more.
        over = LiveView.objects.filter(wanted_until__lt=timezone.now() - timedelta(seconds=GRACE_SECONDS))
        if over.exists():
            over.delete()


class Keys:
    """Through the cache, whose entries go by themselves."""

    def want(self, run: int) -> None:
        cache.set(f"live:{run}", 1, WANTED_SECONDS)

    def wanted(self, run: int) -> bool:
        return cache.get(f"live:{run}") is not None

    def put(self, run: int, shard: int, pictures: Mapping[int, Picture]) -> None:
        entries: dict[str, Any] = {}
        for slot, seen in pictures.items():
            # Apart from the picture, which is read only where this has changed.
            entries[f"live:{run}:{shard}:{slot}:at"] = seen.at
            entries[f"live:{run}:{shard}:{slot}"] = (seen.title, seen.jpeg, seen.at)
        cache.set_many(entries, KEPT_SECONDS)

    def newer(self, run: int, shards: int, known: Mapping[Place, datetime]) -> dict[Place, Picture]:
        places = {f"live:{run}:{shard}:{slot}": (shard, slot) for shard in range(shards) for slot in range(MOST_SLOTS)}
        heads = cache.get_many([f"{key}:at" for key in places])
        changed = [key for key, place in places.items() if heads.get(f"{key}:at", known.get(place)) != known.get(place)]
        return {places[key]: Picture(*entry) for key, entry in cache.get_many(changed).items()} if changed else {}

    def forget_unwatched(self) -> None:
        """Nothing to do."""


def way() -> FrameTransport:
    return Keys() if settings.ENV.redis_url else DatabaseFrames()


@contextlib.contextmanager
def without_waiting() -> Iterator[None]:
    """On SQLite, whose only lock runs need: what cannot be written at once fails."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        usual = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {LOCK_MS}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")


class Window:
    """One shard's frames: the engine's thread shows them, the task's main thread hands the newest over."""

    def __init__(self, run: int, shard: int) -> None:
        self._run = run
        self._shard = shard
        self._lock = threading.Lock()
        self._newest: dict[int, Picture] = {}
        self._wanted = False
        self._look_at = 0.0

    def wanted(self) -> bool:
        return self._wanted

    def show(self, slot: int, title: str, jpeg: bytes) -> None:
        with self._lock:
            self._newest[slot] = Picture(title, jpeg, timezone.now())

    def tick(self) -> None:
        """Looks once a second whether somebody watches, and hands over what is new. Never raises, hardly waits."""
        try:
            self._tick()
        except Exception as error:  # noqa: BLE001 - a live view is no reason to stop a run
            log.warning("live frames of run %s are left out for a while: %s", self._run, error)
            self._wanted, self._look_at = False, time.monotonic() + AFTER_TROUBLE_SECONDS

    def _tick(self) -> None:
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_SECONDS
            self._wanted = way().wanted(self._run)
        with self._lock:
            newest, self._newest = self._newest, {}
        if self._wanted and newest:
            way().put(self._run, self._shard, newest)
