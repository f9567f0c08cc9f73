"""The statements of the busiest path, written by hand: each is sent some hundred times a second.

Django builds, compiles and unpacks a query anew each time, which takes longer than the database needs to answer it.
Columns and conditions are those of the models; tests run these on SQLite and PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models.query import RawQuerySet

from runs.models import Run

# A column that is missing here is read by a query of its own as soon as a verb touches it.
RUN = "id, project_id, kind, status, stage, stage_lease, options, last_seq, verdict, error"
BUSY = (
    "EXISTS (SELECT 1 FROM runs_result AS busy WHERE busy.status = 'running' AND busy.run_id = r.run_id"
    " AND busy.serial <> '' AND busy.serial = r.serial)"
)
# A serial group belongs to its run, an exclusive account to all runs. Where two claims meet, unique indexes decide.
TAKEN = (
    "EXISTS (SELECT 1 FROM runs_result AS busy WHERE busy.status = 'running' AND busy.account <> ''"
    " AND busy.account = r.account)"
)
OWN = "SELECT 1 FROM runs_result AS own WHERE own.status = 'running' AND (own.lease_id = %s OR own.hedge_id = %s)"
# What was running when a worker was lost is repeated alone, so that the next loss tells which one it was.
APART = f"(r.losses = 0 OR NOT EXISTS ({OWN})) AND NOT EXISTS ({OWN} AND own.losses > 0)"
# Results of deleted tests are claimed like others and then skipped (R2): left out here, they would be pending for ever.
FREE = f"""
SELECT r.id, r.title, r.document, r.row, r.attempt_count, r.replays, r.serial, r.account,
       r.proposal, r.test_id, r.version, t.id IS NULL OR t.deleted_at IS NOT NULL, r.losses
FROM runs_result AS r LEFT JOIN projects_test AS t ON t.id = r.test_id
WHERE r.run_id = %s AND r.status = 'pending' AND r.home = %s AND NOT r.blocked
  AND (r.serial = '' OR NOT {BUSY}) AND (r.account = '' OR NOT {TAKEN}) AND {APART}
ORDER BY {{order}} LIMIT %s
"""  # noqa: S608 - made of constants
IN_ORDER = FREE.format(order="r.position")
FRESH_FIRST = FREE.format(order="r.losses > 0, r.position")
# EXISTS ends at the first row that it finds, so this costs the same in large runs as in small ones (R8).
LEFT = """
SELECT EXISTS (SELECT 1 FROM runs_result WHERE run_id = %s AND status = 'pending'),
       EXISTS (SELECT 1 FROM runs_result WHERE run_id = %s AND status = 'running'),
       EXISTS (SELECT 1 FROM runs_result WHERE run_id = %s AND status = 'pending' AND blocked)
"""
MINE = """
SELECT id, title, replays, lease_id, hedge_id, attempt_count FROM runs_result
WHERE run_id = %s AND status = 'running' AND (lease_id = %s OR hedge_id = %s)
"""


@dataclass(frozen=True, slots=True)
class Free:
    """A result that may be claimed. Without a document of its own it is executed by that of its test's version."""

    pk: int
    title: str
    document: Any
    row: Any
    attempt_count: int
    replays: int
    serial: str
    account: str
    proposal: Any
    test: int | None
    version: int
    orphaned: bool
    losses: int

    @property
    def proves(self) -> bool:
        return self.proposal is not None


@dataclass(slots=True)
class Mine:
    """A result that a lease is executing, alone or as the second of two."""

    pk: int
    title: str
    replays: int
    lease: int
    hedge: int | None
    attempt_count: int


def run_under_lock(run_id: int) -> Run:
    """The run under its row lock, without what no verb decides by. Raises Run.DoesNotExist."""
    statement = f"SELECT {RUN} FROM runs_run WHERE id = %s{_for_update()}"  # noqa: S608
    found: RawQuerySet[Run] = Run.objects.raw(statement, [run_id])
    for run in found:
        return run
    raise Run.DoesNotExist(run_id)


def lease_is_open(lease: int) -> bool:
    """Whether the lease is the open one, under its row lock."""
    # The sweep locks the row as well before it takes a lease away, so the lease stays open until the commit (R9).
    statement = f"SELECT 1 FROM runs_lease WHERE id = %s AND state = 'open'{_for_update()}"  # noqa: S608
    return bool(_rows(statement, [lease]))


def free(run: int, home: int, most: int, lease: int, *, fresh_first: bool = False) -> list[Free]:
    """Results of a share that nobody has, in dispatch order, locked so that no other claim takes them.

    Nothing that was lost with a worker before comes beside what the lease is at; with `fresh_first` it comes last.
    """
    # PostgreSQL locks no nullable side of an outer join, hence OF r. NO KEY, because inserting an attempt asks for a
    # lock on the key of its result, and would wait for FOR UPDATE.
    locking = " FOR NO KEY UPDATE OF r SKIP LOCKED" if _locks() else ""
    statement = FRESH_FIRST if fresh_first else IN_ORDER
    return [Free(*_plain(row)) for row in _rows(f"{statement}{locking}", [run, home, *[lease] * 4, most])]


def need_not_survive() -> None:
    """The transaction's commit does not wait for the disk.

    For what a crash of the database may take back without harm: a claim that is forgotten lets another worker claim
    the same result, and what the first one then records is refused.
    """
    if _locks():
        # LOCAL ends with the transaction: records on the same connection wait for the disk again.
        _write("SET LOCAL synchronous_commit TO off", [])


def mine(run: int, lease: int) -> dict[int, Mine]:
    """What a lease is executing."""
    return {row[0]: Mine(*row) for row in _rows(MINE, [run, lease, lease])}


def left(run: int) -> tuple[bool, bool, bool]:
    """Whether any result is pending, any is running, and any pending one waits for others."""
    pending, running, blocked = _rows(LEFT, [run, run, run])[0]
    return bool(pending), bool(running), bool(blocked)


def set_last_seq(run: int, seq: int) -> None:
    _write("UPDATE runs_run SET last_seq = %s WHERE id = %s", [seq, run])


def _plain(row: Sequence[Any]) -> list[Any]:
    """A row whose JSON is read, and whose truths are truths on SQLite too."""
    own, data, proposal = (None if row[at] is None else json.loads(row[at]) for at in (2, 3, 8))
    return [*row[:2], own, data, *row[4:8], proposal, *row[9:11], bool(row[11]), row[12]]


def _locks() -> bool:
    # SQLite has no row locks and needs none: its transactions begin IMMEDIATE, so that there is one writer at a time.
    return bool(connection.features.has_select_for_update_skip_locked)


def _for_update() -> str:
    return " FOR NO KEY UPDATE" if _locks() else ""


def _rows(statement: str, parameters: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def _write(statement: str, parameters: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
