"""Rows of data: each result has its own, and the document is stored once, as the version that it is a row of."""

import gc
import tracemalloc
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from projects.models import Project, Test, TestVersion
from runs import ledger
from runs.engine.plan import RunOptions
from runs.ledger import planned_results
from runs.models import Result, Run, RunEvent
from tests.ledger.conftest import DOCUMENT, Hand

Orders = Callable[..., ledger.RunRequest]
Tests = Callable[..., list[Test]]


def rows(count: int) -> list[dict[str, Any]]:
    return [{"name": f"Visitor {number}", "note": "x" * 100} for number in range(count)]


def kept(run: Run) -> int:
    """Characters that a run's results keep."""
    columns = "LENGTH(CAST(document AS TEXT)), LENGTH(CAST(row AS TEXT)), LENGTH(CAST(waits_for AS TEXT))"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM runs_result WHERE run_id = %s", [run.pk])
        return sum(size or 0 for found in cursor.fetchall() for size in found)


def test_what_results_keep_grows_with_the_rows_and_not_with_their_square(order: Orders, tests: Tests) -> None:
    few, many = (ledger.open_test_run(order(), RunOptions(), tests(1, data=rows(count))) for count in (20, 200))
    assert kept(many) < 11 * kept(few)
    assert {result.row["name"] for result in many.results.all()} == {f"Visitor {number}" for number in range(200)}


def test_ordering_as_many_rows_as_a_test_may_have_takes_little_memory(order: Orders, tests: Tests) -> None:
    test = tests(1, data=rows(10_000))[0]
    gc.collect()
    tracemalloc.start()
    try:
        run = ledger.open_test_run(order(), RunOptions(), [test])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert run.results.count() == 10_000
    assert most < 20_000_000


def test_what_waits_for_many_rows_keeps_one_number(order: Orders, tests: Tests) -> None:
    first = tests(1, data=rows(50))[0]
    after = tests(1, data=rows(50), depends_on=[first.public_id])[0]
    run = ledger.open_test_run(order(), RunOptions(), [first, after])
    assert {tuple(result.waits_for) for result in run.results.filter(test=after)} == {(first.pk,)}


def test_R2_a_worker_executes_the_version_and_the_row_that_were_queued(order: Orders, tests: Tests) -> None:
    test = tests(1, data=rows(2))[0]
    run = ledger.open_test_run(order(), RunOptions(), [test])
    test.edit(None, "Another", {**DOCUMENT, "title": "Another"})
    hand = Hand(run)
    works = [hand.claim(), hand.claim()]
    assert [work.document for work in works] == [DOCUMENT, DOCUMENT]
    assert [work.row["name"] for work in works] == ["Visitor 0", "Visitor 1"]


def test_a_test_of_many_rows_is_read_once_by_a_hold(
    order: Orders, tests: Tests, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ledger.open_test_run(order(), RunOptions(), tests(1, data=rows(5)))
    asked: list[set[tuple[int, int]]] = []
    bodies = TestVersion.objects.bodies

    def counting(places: set[tuple[int, int]]) -> dict[tuple[int, int], dict[str, Any]]:
        asked.append(places)
        return bodies(places)

    monkeypatch.setattr(TestVersion.objects, "bodies", counting)
    assert Hand(run).work_off() == 5
    assert len(asked) == 1


def test_a_version_never_changes(tests: Tests) -> None:
    version = tests(1)[0].versions.get()
    version.title = "Another"
    with pytest.raises(TypeError, match="never changes"):
        version.save()


def test_R2_a_test_deleted_for_good_is_skipped_and_so_is_what_waits_for_it(order: Orders, tests: Tests) -> None:
    first = tests(1)[0]
    after = tests(1, depends_on=[first.public_id])[0]
    run = ledger.open_test_run(order(), RunOptions(), [first, after])
    Test.objects.filter(pk=first.pk).delete()
    assert Hand(run).claim() is None
    reasons = set(run.results.values_list("test", "skip_reason"))
    assert reasons == {(None, "test_deleted"), (after.pk, "dependency_failed")}


def test_freeing_what_waits_costs_the_same_for_few_and_for_many_rows(
    order: Orders, tests: Tests, django_assert_max_num_queries: Any
) -> None:
    first = tests(1)[0]
    after = tests(1, data=rows(100), depends_on=[first.public_id])[0]
    run = ledger.open_test_run(order(), RunOptions(), [first, after])
    hand = Hand(run)
    work = hand.claim()
    with django_assert_max_num_queries(25):
        hand.play(work)
    assert run.results.filter(blocked=True).count() == 0
    assert RunEvent.objects.filter(run=run, type="result").count() == 1


def test_a_run_of_too_many_results_is_refused_in_one_sentence(
    order: Orders, tests: Tests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned_results, "MOST_RESULTS", 5)
    with pytest.raises(ledger.Refused, match="would have 6 results, one for each row of data; 5 are the most") as told:
        ledger.open_test_run(order(), RunOptions(), tests(2, data=rows(3)))
    assert told.value.code == "too_many_results"
    assert not Run.objects.exists()


def test_results_of_earlier_releases_give_up_their_copies(project: Project, order: Orders, tests: Tests) -> None:
    first = tests(1)[0]
    after = tests(1, depends_on=[first.public_id], data=rows(2))[0]
    run = ledger.open_test_run(order(), RunOptions(), [first, after])
    at = run.results.get(test=first).position
    for result in run.results.all():
        Result.objects.filter(pk=result.pk).update(document=DOCUMENT, waits_for=[at] if result.waits_for else [])
    lone = Result.objects.create(
        run=run, position=9, title="Unknown version", document=DOCUMENT, version=7, test=first, row_index=9
    )
    import_module("runs.migrations.0021_results_keep_no_documents").refer_to_versions(apps, None)
    assert set(run.results.exclude(pk=lone.pk).values_list("test", "document")) == {(first.pk, None), (after.pk, None)}
    assert run.results.get(pk=lone.pk).document == DOCUMENT
    assert {tuple(result.waits_for) for result in run.results.filter(test=after)} == {(first.pk,)}
    assert Hand(run).work_off() == 4
