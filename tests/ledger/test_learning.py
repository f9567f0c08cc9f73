from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from projects.models import Environment, Project, Test
from runs import gates, ledger, reading
from runs.engine.plan import RunOptions
from runs.models import Attempt, Result, Run, TestHistory
from tests.ledger.conftest import Hand

Order = Callable[..., ledger.RunRequest]
Tests = Callable[..., list[Test]]


@pytest.fixture
def ran(order: Order, tests: Tests) -> Callable[..., Run]:
    """A completed run of the same tests, its outcomes in order, p(assed), f(ailed) or r (flaky)."""
    kept: list[Test] = []

    def make(letters: str, browser: str = "chromium", **fields: Any) -> Run:
        if not kept:
            kept.extend(tests(len(letters)))
        for test in kept:
            test.refresh_from_db()
        # As a run of a version that could have other browsers.
        options = RunOptions().model_copy(update={"browser": browser})
        run = ledger.open_test_run(order(**fields), options, kept)
        hand = Hand(run)
        for letter in letters:
            outcome, attempts = {"p": ("passed", 1), "f": ("failed", 3), "r": ("flaky", 2)}[letter]
            hand.play(hand.claim(), outcome, attempts)
        run.refresh_from_db()
        ledger.close(run.pk, gates.judge(reading.report(run)))
        run.refresh_from_db()
        return run

    return make


def told(row: TestHistory) -> list[tuple[int, str, int, int]]:
    return [(one["run"], one["status"], one["retries"], one["version"]) for one in row.outcomes]


def test_R21_a_completed_run_teaches_outcomes_newest_first_and_durations_of_passes(ran: Callable[..., Run]) -> None:
    first, second = ran("pf"), ran("rp")
    ledger.learn(first.pk)
    ledger.learn(second.pk)
    one, other = TestHistory.objects.order_by("test")
    assert told(one) == [(second.pk, "flaky", 1, 1), (first.pk, "passed", 0, 1)]
    assert told(other) == [(second.pk, "passed", 0, 1), (first.pk, "failed", 2, 1)]
    assert (one.durations, one.estimate_ms, other.durations) == ([20], 20, [20])


def test_R21_learning_a_run_twice_teaches_it_once(ran: Callable[..., Run]) -> None:
    runs = [ran("pr") for _ in range(3)]
    for run in (*runs, *runs, runs[0]):
        ledger.learn(run.pk)
    rows = TestHistory.objects.values_list("outcomes", "durations", "flaky_score")
    assert [(len(outcomes), len(durations)) for outcomes, durations, _ in rows.order_by("test")] == [(3, 3), (3, 0)]


def test_a_defect_that_comes_back_in_other_builds_is_not_flaky_and_in_one_build_it_is(ran: Callable[..., Run]) -> None:
    for build, letters in enumerate("pfpfpfp"):
        ledger.learn(ran(letters, commit={"repo": "octo/shop", "sha": f"{build}" * 40}).pk)
    assert (TestHistory.objects.get().flaky_score, TestHistory.objects.get().is_flaky) == (0, False)
    for letters in "fpfpfp":
        ledger.learn(ran(letters, commit={"repo": "octo/shop", "sha": "6" * 40}).pk)
    assert TestHistory.objects.get().is_flaky


def test_what_went_wrong_before_a_retry_passed_is_kept_by_its_kind(ran: Callable[..., Run]) -> None:
    run = ran("rf")
    Attempt.objects.filter(result__status="flaky", passed=False).update(failure={"kind": "timeout", "message": "late"})
    ledger.learn(run.pk)
    assert [row.outcomes[0]["kind"] for row in TestHistory.objects.order_by("test")] == ["timeout", "expectation"]


def test_runs_learnt_in_any_order_leave_the_same_history(ran: Callable[..., Run]) -> None:
    runs = [ran(letters) for letters in ("p", "f", "p", "r")]
    for position, run in enumerate(runs):
        Result.objects.filter(run=run).update(duration_ms=10 * (position + 1))
    ledger.learn(runs[2].pk)
    ledger.learn(runs[0].pk)
    ledger.learn(runs[3].pk)
    ledger.learn(runs[1].pk)
    row = TestHistory.objects.get()
    assert [outcome["run"] for outcome in row.outcomes] == [run.pk for run in reversed(runs)]
    assert row.durations == [30, 10]


def test_a_history_keeps_twenty_outcomes_and_ten_durations_and_an_older_run_changes_nothing(
    ran: Callable[..., Run],
) -> None:
    old = ran("p")
    runs = [ran("p") for _ in range(21)]
    for run in runs:
        ledger.learn(run.pk)
    before = TestHistory.objects.values().get()
    assert [outcome["run"] for outcome in before["outcomes"]] == [run.pk for run in reversed(runs[1:])]
    assert len(before["durations"]) == 10
    ledger.learn(old.pk)
    ledger.learn(runs[0].pk)
    assert TestHistory.objects.values().get() == before


def test_R21_only_completed_test_runs_teach(opened: Callable[..., Run], crawl: Callable[..., Run]) -> None:
    aborted, living = opened(1), opened(1)
    Hand(aborted).work_off()
    ledger.abort(aborted.pk, "Ada")
    failed = opened(1)
    Hand(failed).claim()
    ledger.fail(failed.pk, "no browser", "browser")
    for run in (aborted.pk, living.pk, failed.pk, crawl().pk, 999_999):
        ledger.learn(run)
    assert not TestHistory.objects.exists()


def test_two_flips_make_a_test_flaky_and_a_new_version_starts_anew(ran: Callable[..., Run]) -> None:
    for _ in range(2):
        ledger.learn(ran("r").pk)
    flaky = TestHistory.objects.get()
    assert flaky.is_flaky
    assert flaky.flaky_score > 90
    test = Test.objects.get()
    test.edit(None, "Better", test.document)
    test.decide("approve", None)
    ledger.learn(ran("p").pk)
    again = TestHistory.objects.get()
    assert (again.is_flaky, again.flaky_score) == (False, 0)


def test_histories_are_kept_by_environment_and_browser(ran: Callable[..., Run], project: Project) -> None:
    staging = Environment.objects.create(project=project, name="staging", base_url="http://staging.test")
    for run in (ran("p"), ran("p", environment=staging), ran("p", browser="firefox"), ran("p", environment=staging)):
        ledger.learn(run.pk)
    kept = TestHistory.objects.order_by("pk").values_list("environment", "browser", "outcomes")
    assert [(environment, browser, len(outcomes)) for environment, browser, outcomes in kept] == [
        (None, "chromium", 1),
        (staging.pk, "chromium", 2),
        (None, "firefox", 1),
    ]


def test_rows_of_one_test_are_one_outcome_the_worst_of_them(order: Order, tests: Tests) -> None:
    (test,) = tests(1, data=[{"a": 1}, {"a": 2}, {"a": 3}])
    run = ledger.open_test_run(order(), RunOptions(), [test])
    hand = Hand(run)
    for outcome, attempts in (("passed", 1), ("failed", 3), ("flaky", 2)):
        hand.play(hand.claim(), outcome, attempts)
    run.refresh_from_db()
    ledger.close(run.pk, gates.judge(reading.report(run)))
    ledger.learn(run.pk)
    assert told(TestHistory.objects.get()) == [(run.pk, "failed", 3, 1)]


def test_skips_and_an_application_that_was_away_teach_nothing(ran: Callable[..., Run]) -> None:
    run = ran("pff")
    away = "/ could not be opened: the connection was refused"
    results = list(run.results.all())
    Result.objects.filter(pk=results[0].pk).update(status="skipped", skip_reason="over_budget")
    Result.objects.filter(pk=results[1].pk).update(error=away, error_kind="navigation")
    ledger.learn(run.pk)
    assert list(TestHistory.objects.values_list("test", flat=True)) == [results[2].test_id]


def test_a_test_deleted_for_good_is_passed_over(ran: Callable[..., Run]) -> None:
    run = ran("pp")
    Test.objects.order_by("pk")[0].delete()
    ledger.learn(run.pk)
    assert TestHistory.objects.count() == 1


def test_a_run_of_thousands_is_learnt_in_few_queries(
    project: Project, django_assert_max_num_queries: Callable[..., AbstractContextManager[object]]
) -> None:
    number = 2_000
    document = {"title": "T", "steps": []}
    made = Test.objects.bulk_create(Test(project=project, title=f"T{n}", document=document) for n in range(number))
    now = timezone.now() + timedelta(minutes=1)
    run = Run.objects.create(project=project, kind="test", status="completed", verdict="passed", finished_at=now)
    plain = {"title": "T", "document": document, "version": 1, "status": "passed", "duration_ms": 5, "finished_at": now}
    Result.objects.bulk_create(Result(run=run, test=test, position=n, **plain) for n, test in enumerate(made))
    per_group = 40 if connection.vendor == "sqlite" else 10
    with django_assert_max_num_queries(3 + 4 * per_group):
        ledger.learn(run.pk)
    assert TestHistory.objects.filter(estimate_ms=5).count() == number


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_runs_learnt_at_once_wait_for_each_other_and_all_are_kept(ran: Callable[..., Run]) -> None:
    runs = [ran("p" * 8) for _ in range(6)]

    def learn(number: int) -> None:
        ledger.learn(number)
        connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(learn, [run.pk for run in (*runs, *reversed(runs), *runs)]))
    rows = TestHistory.objects.values_list("outcomes", "durations")
    kept = [([outcome["run"] for outcome in outcomes], len(durations)) for outcomes, durations in rows]
    assert kept == [([run.pk for run in reversed(runs)], 6)] * 8
