"""Test databases that cost little: migrated once for all sessions on SQLite, and emptied of what tests wrote alone."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from pathlib import Path

import django
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection

# Django writes the same rows into these after each migration; tests leave them as they are.
KEPT = {"django_content_type", "auth_permission"}


class Migrated:
    """What a session before has migrated. Where there is none this session keeps its own, and others wait for it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._kept = directory / f"{_schema()}.sqlite3"
        self._lock = (directory / "lock").open("w")
        self._is_new = False

    def copy_to(self, database: Path) -> None:
        """Django finds nothing to migrate in the copy, and whatever is new to it all the same."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._is_new = not self._kept.exists()
        if not self._is_new:
            shutil.copyfile(self._kept, database)
            self._lock.close()

    def keep(self) -> None:
        """Keeps the present database, before any test has written to it."""
        if not self._is_new:
            return
        for older in self._kept.parent.glob("*.sqlite3*"):
            older.unlink()
        new = self._kept.with_suffix(".sqlite3-new")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(new)])
        new.rename(self._kept)
        self._lock.close()


def _schema() -> str:
    """Stands for all migrations there are."""
    said = hashlib.sha256(django.__version__.encode())
    for app in apps.get_app_configs():
        for path in sorted(Path(app.path, "migrations").glob("*.py")):
            said.update(f"{app.label}/{path.name}".encode() + path.read_bytes())
    return said.hexdigest()[:16]


def empty(_test: object) -> None:
    """As Django empties a database after a test, but for the rows that it would write again at once."""
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), sorted(tables - KEPT)))
