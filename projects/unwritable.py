"""A database that cannot be written, or not be reached: what a request then does, and what it leaves out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django import db
from django.db import connection, transaction

log = logging.getLogger(__name__)
RETRY_SECONDS = 5
SENTENCE = "Sentri's database cannot be written or reached for now; nothing was changed. Try again in a few seconds."
# Mistakes of ours that SQLite calls operational.
OF_OURS = ("no such", "syntax error", "has no column", "already exists")
READ_ONLY = "25006"
IMPATIENT_MS = 200


def is_unwritable(error: BaseException | None) -> bool:
    """Whether an error says that the database is full, read-only, locked or away, and not that a statement is wrong."""
    if isinstance(error, db.InternalError):
        return getattr(error.__cause__, "sqlstate", "") == READ_ONLY
    if isinstance(error, db.OperationalError):
        return not any(sign in str(error) for sign in OF_OURS)
    return isinstance(error, db.InterfaceError)


def best_effort(what: str, write: Callable[[], object]) -> None:
    """A small write that nobody waits for: left out where the database cannot be written at once."""
    try:
        with impatient(), transaction.atomic():
            write()
    except db.Error as error:
        log.info("%s is left out: %s", what, error)


@contextmanager
def impatient(milliseconds: int = IMPATIENT_MS) -> Iterator[None]:
    """Within the block a statement waits no longer than this for whoever has locked what it needs."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            before = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
            cursor.execute(f"PRAGMA busy_timeout = {int(milliseconds)}")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA busy_timeout = {int(before)}")
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {int(milliseconds)}")
        yield
