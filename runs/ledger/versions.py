"""What a result is executed by: the version of its test that the run was queued with."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from projects.models import Test, TestVersion
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


def as_of(tests: Iterable[Test], versions: Mapping[int, int]) -> list[Test]:
    """The tests with title, document and number of the versions that are named by number of a test; others as they are.

    What comes of another version is for reading: it is not the test's row.
    """
    tests = list(tests)
    older = {test.pk: versions[test.pk] for test in tests if versions.get(test.pk, test.version) != test.version}
    found = TestVersion.objects.texts(older.items())
    return [_as(test, older[test.pk], *found[test.pk, older[test.pk]]) if test.pk in older else test for test in tests]


def _as(test: Test, number: int, title: str, document: dict[str, Any]) -> Test:
    was = copy.copy(test)
    was.version, was.title, was.document = number, title, document
    return was
