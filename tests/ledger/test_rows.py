"""Rows written by one statement with one JSON parameter are those that Django would have written."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from runs.ledger import rows
from runs.models import Result, Run, RunEvent
from tests.ledger.conftest import DOCUMENT

Open = Callable[..., Run]


def plain(result: Result) -> dict[str, Any]:
    fields = {field.attname: getattr(result, field.attname) for field in Result._meta.concrete_fields}
    return {name: value for name, value in fields.items() if name not in ("id", "position")}


def test_new_rows_are_those_of_bulk_create(opened: Open) -> None:
    run = opened(1)

    def made(position: int) -> Result:
        return Result(
            run=run,
            position=position,
            title="Quotes ' \" and a % sign, ünïcödé 😀",
            document=DOCUMENT,
            row={"name": "O'Hara", "list": [1, None, True, 1.5]},
            waits_for=[3],
            proposal=None,
            estimate_ms=1200,
            risk=13.25,
            status="skipped",
            skip_reason="over_budget",
            finished_at=timezone.now().replace(microsecond=123_456),
        )

    ours, theirs = made(7), made(8)
    theirs.finished_at = ours.finished_at
    rows.insert_new([ours])
    Result.objects.bulk_create([theirs])
    assert plain(run.results.get(position=7)) == plain(run.results.get(position=8))
    assert run.results.filter(proposal__isnull=True, position__in=(7, 8)).count() == 2


def test_constraints_hold_for_rows_written_together(opened: Open) -> None:
    run = opened(2)
    taken = [Result(run=run, position=1, title="T", document=DOCUMENT)]
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert_new(taken)
    assert run.results.count() == 2


def test_columns_of_many_rows_change_each_to_its_own_value(opened: Open) -> None:
    run = opened(3)
    pks = list(run.results.order_by("position").values_list("pk", flat=True))
    soon = timezone.now() + timedelta(hours=1)
    rows.update(
        Result,
        ("attempt_count", "error", "claimed_at", "vitals"),
        [(pks[0], 1, "one", soon, {"lcp": {"value": 1.5}}), (pks[1], 2, "two\0", None, None)],
    )
    found = {row.pk: row for row in run.results.all()}
    assert [found[pk].attempt_count for pk in pks] == [1, 2, 0]
    assert [found[pk].error for pk in pks] == ["one", "two\ufffd", ""]
    assert (found[pks[0]].claimed_at, found[pks[1]].claimed_at) == (soon, None)
    assert (found[pks[0]].vitals, found[pks[1]].vitals) == ({"lcp": {"value": 1.5}}, None)


def test_no_rows_are_no_statement(opened: Open, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        rows.insert(RunEvent, ("run_id", "seq", "type", "data", "at"), [])
        rows.insert_new([])
        rows.update(Result, ("error",), [])
