"""What runs owe, to whom and when: written with what causes it, once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from projects.models import Project, Test
from runs import ledger, queue, states
from runs.engine.plan import RunOptions
from runs.models import Delivery, Run
from tests.ledger.deliveries import channel, finish, kinds, messages

Open = Callable[..., Run]
URL = "https://ci.test/done"
COMMIT = {"repo": "octo/shop", "sha": "a" * 40}


@pytest.fixture
def owed(opened: Open) -> Delivery:
    """A callback of an aborted run."""
    run = opened(1, callback_url=URL)
    ledger.abort(run.pk, "Ada")
    return run.deliveries.get()


# --- what is owed, and when ---


@pytest.mark.parametrize("end", ["completed", "failed", "aborted"])
def test_R19_every_end_of_a_run_owes_its_callback_and_its_channels_once(
    opened: Open, project: Project, end: str
) -> None:
    told = channel(project)
    run = opened(1, callback_url=URL)
    if end == "completed":
        finish(run, "failed")
    elif end == "failed":
        ledger.fail(run.pk, "shop.test refuses connections.", "refused")
    else:
        ledger.abort(run.pk, "Ada")
    found = {row.key: (row.state, row.channel) for row in run.deliveries.exclude(kind="feedback")}
    assert found == {
        f"{run.public_id}:callback:ended": ("owed", None),
        f"{run.public_id}:webhook:{told.public_id}:ended": ("owed", told),
    }
    assert set(messages()) == set(run.deliveries.values_list("pk", flat=True))


def test_R18_a_run_ends_with_all_it_owes_or_not_at_all(opened: Open, project: Project, monkeypatch: Any) -> None:
    """K8: between the terminal write and its effects there is nothing."""
    channel(project)
    run = opened(1, callback_url=URL)

    def broken(*_: Any) -> None:
        raise IntegrityError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(queue, "send", broken)
        with pytest.raises(IntegrityError):
            ledger.abort(run.pk, "Ada")
    run.refresh_from_db()
    assert run.status == states.QUEUED
    assert not run.deliveries.exists()
    ledger.abort(run.pk, "Ada")
    assert kinds(run) == ["callback", "webhook"]


def test_R14_a_second_writer_of_the_end_owes_nothing_more(opened: Open) -> None:
    run = opened(1, callback_url=URL)
    ledger.abort(run.pk, "Ada")
    ledger.fail(run.pk, "late", "internal")
    with pytest.raises(ledger.Refused):
        ledger.abort(run.pk, "Ada")
    assert kinds(run) == ["callback"]


def test_a_run_without_callback_and_channels_owes_nothing_but_its_feedback(opened: Open) -> None:
    assert kinds(finish(opened(1))) == ["feedback"]
    run = opened(1)
    ledger.abort(run.pk, "Ada")
    assert kinds(run) == []


def test_R21_feedback_is_owed_once_and_only_by_completed_test_runs(opened: Open, crawl: Callable[..., Run]) -> None:
    assert kinds(finish(opened(1), "failed")) == ["feedback"]
    for run in (opened(1), crawl()):
        ledger.fail(run.pk, "no", "internal")
        assert kinds(run) == []


@pytest.mark.parametrize(
    ("when", "end", "told"),
    [
        ("always", "passed", True),
        ("always", "aborted", True),
        ("problems", "passed", False),
        ("problems", "failed", True),
        ("problems", "broken", True),
        ("problems", "aborted", True),
    ],
)
def test_a_channel_hears_of_the_runs_that_it_asks_for(
    opened: Open, project: Project, when: str, end: str, told: bool
) -> None:
    channel(project, when=when)
    run = opened(1)
    if end == "aborted":
        ledger.abort(run.pk, "Ada")
    elif end == "broken":
        ledger.fail(run.pk, "no", "internal")
    else:
        finish(run, end)
    assert ("webhook" in kinds(run)) == told


def test_a_missed_gate_is_a_problem(opened: Open, project: Project) -> None:
    channel(project, when="problems")
    project.quality_gates = {"min_pass_rate": 100, "max_flaky_pct": 0}
    project.save()
    assert "webhook" in kinds(finish(opened(1), "flaky"))


@pytest.fixture
def whole(order: Callable[..., ledger.RunRequest], tests: Callable[..., list[Test]]) -> Open:
    """Opens runs of all tests of the project: news of changes come of these alone, where all is well."""
    every = tests(1)

    def make(**fields: Any) -> Run:
        return ledger.open_test_run(order(**fields), RunOptions(), every)

    return make


def test_a_channel_for_changes_hears_of_turns_for_worse_and_better(whole: Open, project: Project) -> None:
    channel(project, when="changes")
    ends = ["passed", "failed", "failed", "aborted", "broken", "passed", "passed"]
    told = []
    for end in ends:
        run = whole()
        if end == "aborted":
            ledger.abort(run.pk, "Ada")
        elif end == "broken":
            ledger.fail(run.pk, "no", "internal")
        else:
            finish(run, end)
        told.append("webhook" in kinds(run))
    assert told == [False, True, False, False, False, True, False]


def test_changes_are_seen_within_one_environment(whole: Open, project: Project) -> None:
    channel(project, when="changes")
    finish(whole(), "failed")
    staging = project.environments.create(name="staging", base_url="https://staging.shop.test/")
    assert "webhook" not in kinds(finish(whole(environment=staging), "passed"))
    assert "webhook" in kinds(finish(whole(), "passed"))


@pytest.mark.parametrize("when", ["always", "problems", "changes"])
def test_of_crawls_only_those_are_told_that_could_not_be_carried_through(
    crawl: Callable[..., Run], project: Project, when: str
) -> None:
    channel(project, when=when)
    channel(project, "github", settings={"repo": "octo/shop"})
    failed, aborted = crawl(), crawl()
    ledger.fail(failed.pk, "shop.test refuses connections.", "refused")
    ledger.abort(aborted.pk, "Ada")
    assert (kinds(failed), kinds(aborted)) == (["webhook"], [])


def test_a_disabled_channel_and_one_of_another_project_hear_nothing(opened: Open, project: Project) -> None:
    other = Project.objects.create(workspace=project.workspace, name="Blog", url="http://blog.test/")
    channel(project, enabled=False)
    channel(other)
    assert kinds(finish(opened(1))) == ["feedback"]


def test_a_check_is_owed_when_a_run_with_a_commit_is_queued_started_and_ended(opened: Open, project: Project) -> None:
    channel(project, "github", when="problems")
    run = finish(opened(1, commit=COMMIT))
    assert [row.occasion for row in run.deliveries.filter(kind="github")] == ["queued", "started", "ended"]
    assert run.deliveries.count() == len(set(run.deliveries.values_list("key", flat=True))) == 4
    assert "github" not in kinds(finish(opened(1)))


def test_a_key_is_there_once(owed: Delivery) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(
            run=owed.run, kind="callback", occasion="ended", key=owed.key, next_try_at=timezone.now()
        )
