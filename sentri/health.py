"""Whether this process lives, and whether the installation can take work: for load balancers and orchestrators."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

from django import db
from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from projects.unwritable import impatient
from runs import heartbeats, queue, states, storage
from runs.engine.browser.find import NoBrowser, find_browser
from runs.models import Lease, Run

log = logging.getLogger(__name__)
UNTAKEN = timedelta(seconds=60)
WRITING_MS = 2_000


class NotReady(Exception):
    """A part cannot do its work; the message is for anybody and says what to do."""


@never_cache
def alive(_: HttpRequest) -> JsonResponse:
    """/healthz: the process answers."""
    return JsonResponse({"status": "alive"})


@never_cache
def ready(_: HttpRequest) -> JsonResponse:
    """/readyz: 200 where every part can do its work, otherwise 503; what a stranger should not read is in the log."""
    parts = {name: _said(name, look) for name, look in PARTS.items()}
    good = all(said == "ok" for said in parts.values())
    body = {"status": "ready" if good else "not ready", "parts": parts, **_notes()}
    return JsonResponse(body, status=200 if good else 503)


def _notes() -> dict[str, list[str]]:
    """What was put right but should be known, if anything was."""
    try:
        hung = heartbeats.hung_lately()
    except db.Error:
        return {}
    return {"notes": [hung]} if hung else {}


def _said(name: str, look: Callable[[], None]) -> str:
    try:
        look()
    except NotReady as reason:
        return str(reason)
    except Exception:
        log.exception("readiness of the %s", name)
        return f"The {name} does not answer."
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    _migrated()
    _writable()
    if connection.vendor == "sqlite":
        _has_room(Path(str(connection.settings_dict["NAME"])).parent)


def _writable() -> None:
    """Asks for the right to write, and writes nothing."""
    try:
        with impatient(WRITING_MS), transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SHOW transaction_read_only")
                if cursor.fetchone()[0] == "on":
                    raise NotReady("The database takes no writes: it is read-only.")
    except db.OperationalError as error:
        log.warning("readiness of the database: %s", error)
        raise NotReady(
            "The database cannot be written: look at its rights, its disk, and who has locked it."
        ) from error


def _has_room(place: Path) -> None:
    """Nothing is recorded on a full disk."""
    there = next((folder for folder in (place, *place.parents) if folder.exists()), Path("/"))
    free, least = shutil.disk_usage(there).free // 2**20, settings.ENV.min_free_mb
    if free < least:
        raise NotReady(f"The disk is full: {free} MB are left, and SENTRI_MIN_FREE_MB asks for {least}. Free some.")


@cache
def _migrated() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReady("Migrations are pending: run manage.py migrate.")


def _queue() -> None:
    queue.waiting()
    now = timezone.now()
    untaken = Run.objects.filter(status=states.QUEUED, created_at__lt=now - UNTAKEN)
    working = Lease.objects.filter(state=states.OPEN, expires_at__gt=now)
    if untaken.exists() and not working.exists():
        raise NotReady("Runs are waiting and no worker takes them: start manage.py sentri_worker.")


def _storage() -> None:
    try:
        storage.look()
    except storage.Away as away:
        raise NotReady(str(away)) from away
    if isinstance(default_storage, FileSystemStorage):
        _has_room(Path(default_storage.path("")))


def _browser() -> None:
    """A browser is needed where the workers are; this machine is looked at where none of them has reported."""
    if heartbeats.living().exists():
        reason = heartbeats.nobody_is_fit()
        if reason:
            raise NotReady(f"No worker has a browser. {reason}")
        return
    _own_browser()


@cache
def _own_browser() -> None:
    if settings.ENV.browser_ws:
        return
    try:
        find_browser()
    except NoBrowser as missing:
        raise NotReady(str(missing)) from missing


PARTS: dict[str, Callable[[], None]] = {
    "database": _database,
    "queue": _queue,
    "storage": _storage,
    "browser": _browser,
}
