"""A run that repeats another is of its snapshot; what a run covers, and what came along, is told."""

from collections.abc import Callable

import pytest

from projects.models import Environment, Project, Test
from runs import gates, ledger, reading
from runs.engine.plan import RunOptions
from runs.models import Run, TestHistory
from tests.ledger.conftest import DOCUMENT, Hand

Orders = Callable[..., ledger.RunRequest]
Tests = Callable[..., list[Test]]
COMMIT = {"repo": "octo/shop", "sha": "a" * 40, "branch": "main"}


@pytest.fixture
def staging(project: Project) -> Environment:
    made = Environment(project=project, name="staging", base_url="http://staging.test/", headers={"X-Env": "1"})
    made.keep_secrets(username="ada", password="s3cret")
    made.save()
    return made


@pytest.fixture
def earlier(order: Orders, tests: Tests, staging: Environment) -> Run:
    asked = order(environment=staging, callback_url="https://ci.test/hook", commit=COMMIT, priority=3)
    run = ledger.open_test_run(asked, RunOptions(shards=1, locale="fr"), tests(2))
    Hand(run).work_off("failed")
    judged(run)
    run.refresh_from_db()
    assert run.is_over
    return run


def judged(run: Run) -> None:
    run.refresh_from_db()
    ledger.close(run.pk, gates.judge(reading.report(run)))


def chained(order: Orders, tests: Tests) -> tuple[Test, Test, Run]:
    """A test that passed, another one that depends on it and failed, and their run."""
    first = tests(1)[0]
    second = tests(1, depends_on=[first.public_id])[0]
    run = ledger.open_test_run(order(), RunOptions(shards=1), [first, second])
    hand = Hand(run)
    hand.play(hand.claim())
    hand.play(hand.claim(), "failed")
    judged(run)
    run.refresh_from_db()
    return first, second, run


def story(run: Run) -> list[str]:
    return [event.data["message"] for event in run.events.filter(type="log")]


def test_R3_a_repeated_run_keeps_address_headers_and_caller(earlier: Run, staging: Environment, order: Orders) -> None:
    staging.base_url, staging.headers, staging.variables = "http://evil.test/", {}, {"who": "else"}
    staging.save()
    earlier.refresh_from_db()
    again = ledger.repeat(earlier, order())
    assert again.site == earlier.site
    assert (again.site["base_url"], again.site["headers"]) == ("http://staging.test/", {"X-Env": "1"})
    assert (again.callback_url, again.commit, again.priority) == ("https://ci.test/hook", COMMIT, 3)
    assert (again.options, again.environment, again.rerun_of) == (earlier.options, staging, earlier)


def test_what_is_otherwise_is_said_and_may_be_taken(earlier: Run, staging: Environment, order: Orders) -> None:
    assert ledger.otherwise(earlier) == []
    staging.base_url, staging.headers = "http://new.test/", {"Authorization": "Bearer abc"}
    staging.save()
    earlier.refresh_from_db()
    changed = ledger.otherwise(earlier)
    assert [(one.what, one.then, one.now) for one in changed] == [
        ("the address", "http://staging.test/", "http://new.test/"),
        ("the headers", "", ""),
    ]
    assert ledger.repeat(earlier, order(), as_now=True).site["base_url"] == "http://new.test/"


def test_R3_secrets_that_are_gone_are_told_before_anything_starts(
    earlier: Run, staging: Environment, order: Orders
) -> None:
    Environment.objects.filter(pk=staging.pk).update(sealed="")
    earlier = Run.objects.get(pk=earlier.pk)
    with pytest.raises(ledger.Refused, match=r"credentials of ENV-.* are gone") as told:
        ledger.repeat(earlier, order())
    assert (told.value.code, Run.objects.count()) == ("secrets_gone", 1)
    assert ledger.repeat(earlier, order(), as_now=True).site["secrets_of"] is None


def test_an_environment_that_is_gone_is_told_although_the_project_has_its_address(
    project: Project, order: Orders, tests: Tests
) -> None:
    twin = Environment.objects.create(project=project, name="twin", base_url=project.url, headers={"X-Twin": "1"})
    run = ledger.open_test_run(order(environment=twin), RunOptions(), tests(1))
    ledger.abort(run.pk, "Ada")
    twin.delete()
    with pytest.raises(ledger.Refused) as told:
        ledger.repeat(Run.objects.get(pk=run.pk), order())
    assert told.value.code == "environment_gone"


def test_R3_a_repeated_run_executes_the_versions_of_its_snapshot(earlier: Run, order: Orders) -> None:
    first, waiting = Test.objects.order_by("pk")
    first.edit(None, "Another", {**DOCUMENT, "data": [{"a": 1}, {"a": 2}]})
    first.decide("approve", None)
    waiting.edit(None, "Not looked at", DOCUMENT)
    changed = ledger.otherwise(earlier)
    assert [(one.what, one.then, one.now) for one in changed] == [
        (f"{first.public_id} Another", "version 1", "version 2"),
        (f"{waiting.public_id} Not looked at", "version 1", "version 2, which waits for review"),
    ]
    again = ledger.repeat(earlier, order())
    assert [*again.results.values_list("test", "version", "title")] == [
        (first.pk, 1, "Test 0"),
        (waiting.pk, 1, "Test 1"),
    ]
    assert Hand(again).claim().document == DOCUMENT
    assert any("run in the version that it executed" in line and first.public_id in line for line in story(again))
    as_now = ledger.repeat(earlier, order(), as_now=True)
    assert [*as_now.results.values_list("test", "version")] == [(first.pk, 2), (first.pk, 2)]
    assert any("left out" in line and waiting.public_id in line for line in story(as_now))


def test_R3_what_a_repeated_test_depends_on_comes_in_the_version_of_then(order: Orders, tests: Tests) -> None:
    first, second, run = chained(order, tests)
    first.edit(None, "Another", DOCUMENT)
    first.decide("approve", None)
    second.edit(None, "Alone now", DOCUMENT)
    second.decide("approve", None)
    run.refresh_from_db()
    again = ledger.repeat(run, order(), only_failed=True)
    assert [*again.results.order_by("position").values_list("test", "version")] == [(first.pk, 1), (second.pk, 1)]
    alone = ledger.repeat(run, order(), only_failed=True, as_now=True)
    assert [*alone.results.values_list("test", "version")] == [(second.pk, 2)]


def test_tests_that_cannot_be_repeated_are_named_before_and_in_the_story(earlier: Run, order: Orders) -> None:
    left, kept = Test.objects.order_by("pk")
    left.decide("reject", None)
    assert [(one.what, one.now) for one in ledger.otherwise(earlier, only_failed=True)] == [
        (left.public_id, "rejected and is left out")
    ]
    again = ledger.repeat(earlier, order(), only_failed=True)
    assert [*again.results.values_list("test", flat=True)] == [kept.pk]
    assert any("left out" in line and left.public_id in line for line in story(again))
    kept.delete_softly()
    assert ledger.otherwise(earlier) == []
    with pytest.raises(ledger.Refused, match=r"No test of RUN-.* is still approved"):
        ledger.repeat(earlier, order())


@pytest.mark.parametrize("decision", ["reject", "restore"])
def test_R3_a_version_that_was_given_up_before_it_was_edited_runs_no_more(
    earlier: Run, order: Orders, decision: str
) -> None:
    refused, kept = Test.objects.order_by("pk")
    refused.decide(decision, None, "it deletes the shop" if decision == "reject" else "")
    refused.edit(None, "Mended", DOCUMENT)
    said = "version 2; version 1 was given up before, and is left out"
    assert [(one.what, one.now) for one in ledger.otherwise(earlier)] == [(refused.public_id, said)]
    refused.decide("approve", None)
    assert [*ledger.repeat(earlier, order()).results.values_list("test", "version")] == [(kept.pk, 1)]
    kept.delete_softly()
    assert len(ledger.otherwise(earlier)) == 2
    with pytest.raises(ledger.Refused, match="can be repeated as it was; repeat it with what is there today"):
        ledger.repeat(earlier, order())
    kept.undelete()
    today = ledger.repeat(earlier, order(), as_now=True)
    assert {*today.results.values_list("test", "version")} == {(refused.pk, 2), (kept.pk, 1)}


def test_R3_what_a_repeated_test_depends_on_runs_as_it_was_while_its_edit_waits(order: Orders, tests: Tests) -> None:
    first, second, run = chained(order, tests)
    first.edit(None, "Not looked at", DOCUMENT)
    assert [one.now for one in ledger.otherwise(run, only_failed=True)] == ["version 2, which waits for review"]
    again = ledger.repeat(run, order(), only_failed=True)
    assert [*again.results.order_by("position").values_list("test", "version", "status")] == [
        (first.pk, 1, "pending"),
        (second.pk, 1, "pending"),
    ]
    first.delete_softly()
    (lacking,) = ledger.otherwise(run, only_failed=True)
    assert lacking.what.startswith(f"{second.public_id} depends on {first.public_id}, which was deleted")


def test_a_run_of_earlier_versions_is_no_news_of_the_tests_as_they_are(earlier: Run, order: Orders) -> None:
    ledger.learn(earlier.pk)
    for test in Test.objects.order_by("pk"):
        test.edit(None, "Mended", DOCUMENT)
        test.decide("approve", None)
    again = ledger.repeat(earlier, order())
    Hand(again).work_off("flaky")
    judged(again)
    ledger.learn(again.pk)
    again.refresh_from_db()
    assert (again.partial, reading.coverage(again)) == (True, "2 of 2 tests, 2 in an earlier version")
    versions = [outcome["version"] for row in TestHistory.objects.all() for outcome in row.outcomes]
    assert versions == [1, 1], "what was learnt before the edits, and nothing since"


def test_tests_that_were_deleted_for_good_are_told(earlier: Run, order: Orders) -> None:
    gone, kept = Test.objects.order_by("pk")
    gone.delete()
    said = "1 result is of tests that were deleted for good, and left out"
    assert [one.what for one in ledger.otherwise(earlier)] == [said]
    assert f"{said}." in story(ledger.repeat(earlier, order()))
    kept.delete()
    with pytest.raises(ledger.Refused, match="2 results are of tests that were deleted for good"):
        ledger.repeat(earlier, order(), only_failed=True)


def test_a_repeated_trial_stays_a_trial_of_the_draft(order: Orders, tests: Tests) -> None:
    draft = tests(1)[0]
    draft.decide("restore", None)
    trial = ledger.open_test_run(order(named=True, trigger=ledger.TRIAL), RunOptions(shards=1), [draft])
    Hand(trial).work_off("failed")
    judged(trial)
    trial.refresh_from_db()
    again = ledger.repeat(trial, order())
    assert (again.is_trial, again.results.get().test) == (True, draft)


def test_options_that_are_no_longer_possible_are_one_sentence(earlier: Run, order: Orders) -> None:
    Run.objects.filter(pk=earlier.pk).update(options={**earlier.options, "colour": "red"})
    with pytest.raises(ledger.Refused, match=r"The option colour of RUN-.* is not taken any more"):
        ledger.repeat(Run.objects.get(pk=earlier.pk), order())


def test_a_test_ordered_alone_brings_what_it_depends_on(order: Orders, tests: Tests) -> None:
    first = tests(1)[0]
    second = tests(1, depends_on=[first.public_id])[0]
    third = tests(1, depends_on=[second.public_id])[0]
    tests(1)
    run = ledger.open_test_run(order(named=True, scope={"by": "tests"}), RunOptions(), [third])
    assert list(run.results.order_by("position").values_list("test", flat=True)) == [first.pk, second.pk, third.pk]
    assert Run.objects.get(pk=run.pk).scope["added"] == {
        second.public_id: [third.public_id],
        first.public_id: [second.public_id],
    }
    assert any(line.startswith("2 tests were added because others depend on them") for line in story(run))
    assert Hand(run).work_off() == 3
    assert reading.coverage(run) == "3 of 4 tests, chosen by name"


@pytest.mark.parametrize(
    ("state", "sentence"), [("draft", "which waits for review"), ("deleted", "was deleted"), ("gone", "does not have")]
)
def test_what_depends_on_what_cannot_be_executed_is_told(
    state: str, sentence: str, order: Orders, tests: Tests
) -> None:
    first, other = tests(2)
    after = tests(1, depends_on=[first.public_id])[0]
    if state == "draft":
        first.decide("restore", None)
    elif state == "deleted":
        first.delete_softly()
    else:
        first.delete()
    with pytest.raises(ledger.Refused, match=sentence) as told:
        ledger.open_test_run(order(named=True), RunOptions(), [after])
    assert told.value.code == "dependency_missing"
    run = ledger.open_test_run(order(), RunOptions(), [other, after])
    assert dict(run.results.values_list("test", "skip_reason")) == {other.pk: "", after.pk: "dependency_failed"}
    assert any(sentence in line and line.endswith("It is skipped.") for line in story(run))


def test_a_run_says_what_it_covers(order: Orders, tests: Tests) -> None:
    smoke = tests(1, tags=["smoke"])
    every = [*smoke, *tests(3), *tests(1, tags=["quarantine"])]
    part = ledger.open_test_run(order(scope={"by": "tags", "tags": ["smoke"]}), RunOptions(), smoke)
    whole = ledger.open_test_run(order(), RunOptions(), every)
    assert (part.partial, reading.coverage(part)) == (True, "1 of 4 tests, by tag smoke")
    assert (whole.partial, reading.coverage(whole)) == (False, "")
    assert [reading.report(run).coverage for run in (part, whole)] == ["1 of 4 tests, by tag smoke", ""]


def test_a_good_run_of_some_tests_is_no_news_after_a_bad_run_of_all(order: Orders, tests: Tests) -> None:
    from runs.ledger.outbox import _wanted

    every = tests(3)
    bad = ledger.open_test_run(order(), RunOptions(), every)
    Hand(bad).work_off("failed")
    judged(bad)
    part = ledger.open_test_run(order(), RunOptions(), every[:1])
    Hand(part).work_off()
    judged(part)
    part.refresh_from_db()
    assert (part.status, part.verdict) == ("completed", "passed")
    assert not _wanted(part, "changes")
    whole = ledger.open_test_run(order(), RunOptions(), every)
    Hand(whole).work_off()
    judged(whole)
    whole.refresh_from_db()
    assert _wanted(whole, "changes")
