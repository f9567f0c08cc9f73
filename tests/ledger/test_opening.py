from collections.abc import Callable

import pytest
from django.db import transaction
from django_q.models import OrmQ

from projects.models import Activity, Environment, Project, Test
from runs import ledger, reading, states
from runs.engine.plan import CrawlOptions, RunOptions
from runs.models import Result, Run, RunEvent, Shard
from runs.worker import _worked_off
from tests.ledger.conftest import numbers, story

Make = Callable[..., ledger.RunRequest]


def test_R1_a_queued_run_has_its_shards_results_first_event_and_messages(opened: Callable[..., Run]) -> None:
    run = opened(5, shards=2)
    assert run.status == states.QUEUED
    assert list(run.results.values_list("position", "status")) == [(n, "pending") for n in range(5)]
    assert run.shards.count() == 2
    assert story(run) == ["queued"]
    assert OrmQ.objects.count() == 2


def test_R1_a_run_that_cannot_be_written_whole_leaves_nothing(
    opened: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("the queue is away")

    monkeypatch.setattr("runs.queue.send", broken)
    with pytest.raises(OSError, match="the queue is away"), transaction.atomic():
        opened(2)
    left = [Run.objects.count(), Result.objects.count(), Shard.objects.count(), RunEvent.objects.count()]
    assert left == [0, 0, 0, 0]


def test_a_run_without_approved_tests_is_refused(order: Make) -> None:
    with pytest.raises(ledger.Refused, match="no approved test") as refused:
        ledger.open_test_run(order(), RunOptions(), [])
    assert refused.value.code == "no_tests"


def test_there_are_never_more_shards_than_results(opened: Callable[..., Run]) -> None:
    assert opened(2, shards=8).shards.count() == 2


def test_R2_a_run_executes_the_test_as_it_was_at_queueing(
    opened: Callable[..., Run], hand: Callable[..., object]
) -> None:
    run = opened(1)
    test = Test.objects.get()
    test.edit(None, "Another", {**test.document, "start": "/other"})
    work = hand(run).claim()  # type: ignore[attr-defined]
    assert work.document["start"] == "/"


def test_R2_a_test_deleted_meanwhile_is_skipped_and_still_counts(
    opened: Callable[..., Run], hand: Callable[..., object]
) -> None:
    run = opened(2)
    Test.objects.order_by("pk")[0].delete_softly()
    worker = hand(run)
    assert worker.work_off() >= 1  # type: ignore[attr-defined]
    tally = run.results.tally()
    assert (tally["passed"], tally["skipped"], tally["total"]) == (1, 1, 2)
    assert run.results.get(status="skipped").skip_reason == "test_deleted"


def test_R3_an_environment_edited_after_queueing_changes_nothing(order: Make, project: Project, tests: Make) -> None:
    environment = Environment.objects.create(project=project, name="Staging", base_url="http://staging.test/")
    environment.keep_credentials(username="ada", password="first")
    environment.save()
    run = ledger.open_test_run(order(environment=environment), RunOptions(), tests(1))  # type: ignore[arg-type]
    environment.base_url = "http://production.test/"
    environment.save()
    assert reading.site(run).base_url == "http://staging.test/"


def test_R3_a_run_whose_secrets_are_gone_says_so_and_never_uses_others(
    order: Make, project: Project, tests: Make
) -> None:
    project.keep_credentials(username="root", password="of the project")
    project.save()
    environment = Environment.objects.create(project=project, name="Staging", base_url="http://staging.test/")
    environment.keep_credentials(username="ada", password="first")
    environment.save()
    run = ledger.open_test_run(order(environment=environment), RunOptions(), tests(1))  # type: ignore[arg-type]
    environment.delete()
    run.refresh_from_db()
    with pytest.raises(reading.SecretsMissing, match="are gone"):
        reading.site(run)


def test_R4_a_project_deleted_before_pick_up_ends_the_run_failed_with_its_reason(
    opened: Callable[..., Run], project: Project
) -> None:
    run = opened(2)
    project.delete_softly()
    assert ledger.hold(run.shards.get().pk, "here:1") is None
    run.refresh_from_db()
    assert (run.status, run.error_category) == ("failed", "project_missing")
    assert story(run)[-1] == "done"
    assert run.results.tally()["skipped"] == 2


def test_R5_the_same_idempotency_key_gives_the_same_run(opened: Callable[..., Run]) -> None:
    assert opened(1, idempotency_key="build-7").pk == opened(1, idempotency_key="build-7").pk
    assert Run.objects.count() == 1


def test_a_test_with_data_rows_has_one_result_per_row(order: Make, tests: Make) -> None:
    run = ledger.open_test_run(order(), RunOptions(), tests(1, data=[{"q": "mug"}, {"q": "cup"}]))  # type: ignore[arg-type]
    assert list(run.results.values_list("title", "row")) == [
        ("Test 0 (row 1)", {"q": "mug"}),
        ("Test 0 (row 2)", {"q": "cup"}),
    ]


def test_tests_that_depend_on_each_other_in_a_circle_are_refused(order: Make, tests: Callable[..., list[Test]]) -> None:
    first, second = tests(2)
    first.document = {**first.document, "depends_on": [second.public_id]}
    second.document = {**second.document, "depends_on": [first.public_id]}
    with pytest.raises(ledger.Refused, match="circle"):
        ledger.open_test_run(order(), RunOptions(), [first, second])


def test_a_crawl_starts_with_the_first_address_of_the_site(order: Make) -> None:
    run = ledger.open_crawl(order(), CrawlOptions(shards=2))
    assert list(run.pages.values_list("url", "status")) == [("http://shop.test/", "pending")]
    assert run.stage == states.CRAWL


def test_R24_one_activity_at_the_start_and_one_at_the_end_name_the_actor(
    opened: Callable[..., Run], hand: Callable[..., object]
) -> None:
    run = opened(1)
    ledger.abort(run.pk, "Grace")
    assert list(Activity.objects.order_by("pk").values_list("actor_name", "verb", "subject")) == [
        ("Ada", "test run queued", run.public_id),
        ("Grace", "run aborted", run.public_id),
    ]
    assert numbers(run) == list(range(1, run.events.count() + 1))


def test_a_crawl_queued_with_a_pattern_that_is_not_supported_any_more_fails_with_one_sentence(order: Make) -> None:
    run = ledger.open_crawl(order(), CrawlOptions())
    Run.objects.filter(pk=run.pk).update(options={**run.options, "exclude": ["^/a", "(?=private)"]})
    held = ledger.hold(run.shards.get().pk, "here:1")
    assert held is not None
    assert _worked_off(held) is False
    run.refresh_from_db()
    assert (run.status, run.error_category) == (states.FAILED, "internal")
    assert run.error.startswith(f"The option exclude[1] of {run.public_id} is not taken any more: '(?=private)'")
    assert "looking ahead" in run.error
