"""What a result is executed by: the version of its test that was the newest when the run was queued."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from projects.models import TestVersion
from runs.ledger.leases import Hold

KEPT = 32
Place = tuple[int, int]


def documents(held: Hold, places: Iterable[Place]) -> dict[Place, dict[str, Any]]:
    """The documents of tests and versions, without their rows of data: each result has its own.

    Unknown ones are left out. Versions never change, so that a hold keeps the last it read: a test of many rows is read
    once, not once per row.
    """
    wanted = set(places)
    missing = wanted - held.documents.keys()
    if missing:
        held.documents |= TestVersion.objects.bodies(missing)
    found = {place: held.documents[place] for place in wanted & held.documents.keys()}
    while len(held.documents) > KEPT:
        del held.documents[next(iter(held.documents))]
    return found
