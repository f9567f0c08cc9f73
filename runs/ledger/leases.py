"""What a worker keeps while it holds a shard, and the check that every write of it passes: no open lease, no write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runs import states
from runs.ledger import statements
from runs.ledger.refusals import StaleLease
from runs.ledger.story import locked
from runs.models import Lease, Run


@dataclass(slots=True)
class Hold:
    """What a worker keeps while it holds a shard; its lease fences every write.

    `helps` is the sibling whose share it takes from once its own is empty. With `fresh_first` it begins with what no
    worker was lost over: one loss more, with nothing done, would fail the run. `documents` are the last that it read,
    by test and version.
    """

    run: int
    shard: int
    index: int
    lease: int
    number: int
    worker: str
    helps: int | None = field(default=None, compare=False)
    fresh_first: bool = field(default=False, compare=False)
    documents: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict, compare=False, repr=False)


def fence(held: Hold) -> Lease:
    """The hold's lease under its row lock. Raises StaleLease where it is not the open one any more."""
    lease = Lease.objects.select_for_update(no_key=True).filter(pk=held.lease, state=states.OPEN).first()
    if lease is None:
        raise StaleLease
    return lease


def require_open(held: Hold) -> None:
    """Raises StaleLease where the hold's lease is not the open one any more; holds its row lock otherwise."""
    if not statements.lease_is_open(held.lease):
        raise StaleLease


def working(held: Hold) -> Run:
    """The run that a hold works on and then its lease, both locked. Raises StaleLease where either is over."""
    # In the lock order: a verb that began with its lease could wait in a circle with `lose`.
    run = locked(held.run)
    if run.status != states.RUNNING:
        raise StaleLease
    require_open(held)
    return run
