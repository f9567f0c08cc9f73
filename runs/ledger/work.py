"""The one place where a row gets its state: along its table in `runs.states`, and out of no other state than that says.

Many rows move by one statement whose condition names the states that the trigger leaves: what meanwhile came to be in
another one stays as it is, and is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from django.db.models import Model, QuerySet

from runs import states
from runs.ledger.rows import update
from runs.models import Case, CrawlPage, Delivery, Lease, Result, Run, Trial

# The machine of each model, and the column that holds its state.
MACHINES: dict[type[Model], tuple[str, str]] = {
    Run: ("run", "status"),
    Lease: ("lease", "state"),
    Result: ("result", "status"),
    CrawlPage: ("page", "status"),
    Case: ("case", "status"),
    Delivery: ("delivery", "state"),
    Trial: ("trial", "status"),
}


def shift(rows: QuerySet[Any], trigger: str, **fields: Any) -> int:
    """Moves those of the rows that are where the trigger leads away from, and sets their other fields; how many."""
    machine, column = MACHINES[rows.model]
    leaving = rows.filter(**{f"{column}__in": states.sources(machine, trigger)})
    return leaving.update(**{column: states.target(machine, trigger)}, **fields)


def shift_one(row: Model, trigger: str, **fields: Any) -> None:
    """Moves one row that is held under a lock, in the database and in hand. Raises states.Impossible."""
    model = type(row)
    machine, column = MACHINES[model]
    to = states.move(machine, getattr(row, column), trigger)
    if not shift(model._default_manager.filter(pk=row.pk), trigger, **fields):
        raise states.Impossible(machine, "gone or moved meanwhile", trigger)
    for name, value in {column: to, **fields}.items():
        setattr(row, name, value)


def shift_each(model: type[Model], columns: tuple[str, ...], changes: Sequence[Sequence[Any]]) -> None:
    """Moves rows by one statement although each has a trigger of its own; all triggers leave the same states.

    Each change is (primary key, trigger, values in the order of the columns).
    """
    if not changes:
        return
    machine, column = MACHINES[model]
    leaving = reduce(set.intersection, (set(states.sources(machine, trigger)) for _, trigger, *_ in changes))
    moved = [(pk, states.target(machine, trigger), *values) for pk, trigger, *values in changes]
    update(model, (column, *columns), moved, where=(column, sorted(leaving)))


def born(model: type[Model], trigger: str, **fields: Any) -> dict[str, Any]:
    """The fields of a new row that is made as if it had been moved once: a skip that is decided beforehand."""
    machine, column = MACHINES[model]
    return {column: states.move(machine, getattr(model(), column), trigger), **fields}
