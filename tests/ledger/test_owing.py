"""Deliveries: owed with what causes them, tried by one worker at a time, settled, sent again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.models import OrmQ

from projects.models import Channel, Project
from runs import gates, ledger, meters, reading, states
from runs.ledger import owing
from runs.models import Delivery, Run
from tests.ledger.conftest import Hand

Open = Callable[..., Run]
URL = "https://ci.test/done"
COMMIT = {"repo": "octo/shop", "sha": "a" * 40}


def channel(project: Project, kind: str = "webhook", **fields: Any) -> Channel:
    made = {"name": f"{kind} {Channel.objects.count()}", "when": "always", **fields}
    return Channel.objects.create(project=project, kind=kind, **made)


def finish(run: Run, outcome: str = "passed") -> Run:
    Hand(run).work_off(outcome)
    run.refresh_from_db()
    ledger.close(run.pk, gates.judge(reading.report(run)))
    run.refresh_from_db()
    return run


def kinds(run: Run) -> list[str]:
    return [row.kind for row in run.deliveries.all()]


def messages() -> list[int]:
    return [row.args()[0] for row in OrmQ.objects.all() if row.func() == "runs.tasks.deliver"]


def outcome(sent: bool = True, **fields: Any) -> ledger.Outcome:
    return ledger.Outcome(sent, fields.pop("detail", "It answered."), 12, **fields)


@pytest.fixture
def owed(opened: Open) -> Delivery:
    """A callback of an aborted run."""
    run = opened(1, callback_url=URL)
    ledger.abort(run.pk, "Ada")
    return run.deliveries.get()


def due(row: Delivery) -> None:
    Delivery.objects.filter(pk=row.pk).update(next_try_at=timezone.now() - timedelta(seconds=1))


def lost(row: Delivery) -> None:
    """As if the worker that holds it had been killed a while ago."""
    Delivery.objects.filter(pk=row.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))


def queued_before(seconds: int) -> None:
    """As if what is owed had been queued that long ago."""
    then = timezone.now() - timedelta(seconds=seconds)
    Delivery.objects.update(queued_at=then, next_try_at=then)


def fail_once(row: Delivery, **fields: Any) -> Delivery:
    due(row)
    taken = ledger.take_delivery(row.pk)
    assert taken is not None
    ledger.settle_delivery(taken, outcome(False, **{"detail": "It answered 500.", **fields}))
    row.refresh_from_db()
    return row


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
        patched.setattr(owing.queue, "send", broken)
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


def test_a_channel_for_changes_hears_of_turns_for_worse_and_better(opened: Open, project: Project) -> None:
    channel(project, when="changes")
    ends = ["passed", "failed", "failed", "aborted", "broken", "passed", "passed"]
    told = []
    for end in ends:
        run = opened(1)
        if end == "aborted":
            ledger.abort(run.pk, "Ada")
        elif end == "broken":
            ledger.fail(run.pk, "no", "internal")
        else:
            finish(run, end)
        told.append("webhook" in kinds(run))
    assert told == [False, True, False, False, False, True, False]


def test_changes_are_seen_within_one_environment(opened: Open, project: Project) -> None:
    channel(project, when="changes")
    finish(opened(1), "failed")
    staging = project.environments.create(name="staging", base_url="https://staging.shop.test/")
    assert "webhook" not in kinds(finish(opened(1, environment=staging), "passed"))
    assert "webhook" in kinds(finish(opened(1), "passed"))


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


# --- claims ---


def test_two_workers_never_try_a_delivery_at_once(owed: Delivery) -> None:
    assert ledger.take_delivery(owed.pk) is not None
    assert ledger.take_delivery(owed.pk) is None


def test_what_is_settled_not_due_or_gone_is_not_tried(owed: Delivery) -> None:
    fail_once(owed)
    assert ledger.take_delivery(owed.pk) is None
    due(owed)
    taken = ledger.take_delivery(owed.pk)
    assert taken is not None
    ledger.settle_delivery(taken, outcome())
    assert ledger.take_delivery(owed.pk) is None
    assert ledger.take_delivery(999_999) is None


def test_a_try_whose_worker_is_lost_is_in_the_log_and_made_again(owed: Delivery) -> None:
    first = ledger.take_delivery(owed.pk)
    lost(owed)
    second = ledger.take_delivery(owed.pk)
    assert first is not None
    assert second is not None
    assert (first.repeated, second.repeated) == (False, True)
    ledger.settle_delivery(second, outcome(http_status=200))
    log = list(owed.log.values_list("number", "sent", "http_status"))
    assert log == [(1, False, None), (2, True, 200)]
    assert owed.log.get(number=1).detail == owing.UNDER_WAY


def test_R9_a_worker_that_comes_back_late_settles_nothing_but_its_own_try(owed: Delivery) -> None:
    late = ledger.take_delivery(owed.pk)
    lost(owed)
    other = ledger.take_delivery(owed.pk)
    assert late is not None
    assert other is not None
    ledger.settle_delivery(late, outcome(False, final=True, detail="late"))
    owed.refresh_from_db()
    assert owed.state == states.OWED
    assert owed.claimed_until == other.until
    ledger.settle_delivery(other, outcome())
    owed.refresh_from_db()
    assert owed.state == states.SENT
    assert list(owed.log.values_list("detail", flat=True)) == ["late", "It answered."]


def test_a_delivery_that_takes_every_worker_with_it_is_given_up(owed: Delivery) -> None:
    for _ in range(len(owing.WAITS) + 1):
        assert ledger.take_delivery(owed.pk) is not None
        lost(owed)
    assert ledger.take_delivery(owed.pk) is None
    owed.refresh_from_db()
    assert owed.state == states.GIVEN_UP
    assert "lost its worker" in owed.error


# --- settling ---


def test_tries_are_further_and_further_apart_and_then_given_up(owed: Delivery) -> None:
    for wait in owing.WAITS:
        before = timezone.now()
        fail_once(owed)
        assert owed.state == states.OWED
        assert 0.79 * wait <= (owed.next_try_at - before).total_seconds() <= 1.21 * wait + 5
        assert owed.claimed_until is None
    fail_once(owed)
    assert owed.state == states.GIVEN_UP
    assert owed.settled_at is not None
    assert owed.error == "Given up after 7 tries: It answered 500."
    assert owed.log.count() == 7


def test_waits_are_not_all_the_same(opened: Open) -> None:
    """Receivers that come back are not stormed by all at once."""
    waits = set()
    for _ in range(4):
        run = opened(1, callback_url=URL)
        ledger.abort(run.pk, "Ada")
        row = fail_once(run.deliveries.get())
        waits.add(round((row.next_try_at - timezone.now()).total_seconds(), 1))
    assert len(waits) > 1


@pytest.mark.parametrize(("after", "seconds"), [(90, 90), (0, 5), (10**9, 3600)])
def test_a_receiver_may_ask_for_a_longer_wait_within_bounds(owed: Delivery, after: float, seconds: int) -> None:
    fail_once(owed, after=after)
    assert abs((owed.next_try_at - timezone.now()).total_seconds() - seconds) < 3


def test_what_would_not_change_is_given_up_at_once(owed: Delivery) -> None:
    fail_once(owed, final=True, detail="It answered 410: the receiver is gone for good.")
    assert (owed.state, owed.tries) == (states.GIVEN_UP, 1)
    assert owed.error == "It answered 410: the receiver is gone for good."


def test_outcomes_are_counted(owed: Delivery) -> None:
    meters.drain()
    fail_once(owed)
    fail_once(owed, final=True)
    assert meters.drain()[meters.DELIVERIES, "retry"] == 1
    ledger.redeliver(owed.pk)
    taken = ledger.take_delivery(owed.pk)
    assert taken is not None
    ledger.settle_delivery(taken, outcome())
    assert meters.drain()[meters.DELIVERIES, "sent"] == 1


def test_R19_no_delivery_changes_the_run(opened: Open) -> None:
    run = finish(opened(1, callback_url=URL))
    before = Run.objects.filter(pk=run.pk).values().get(), run.events.count()
    for row in run.deliveries.all():
        fail_once(row)
        fail_once(row, final=True)
    assert (Run.objects.filter(pk=run.pk).values().get(), run.events.count()) == before


# --- checks in order ---


@pytest.fixture
def checks(opened: Open, project: Project) -> list[Delivery]:
    channel(project, "github")
    run = finish(opened(1, commit=COMMIT))
    return list(run.deliveries.filter(kind="github"))


def test_what_tells_one_receiver_about_one_run_goes_out_one_by_one(checks: list[Delivery]) -> None:
    taken = ledger.take_delivery(checks[0].pk)
    assert taken is not None
    assert ledger.take_delivery(checks[2].pk) is None
    ledger.settle_delivery(taken, outcome(answer={"check_run": 7}))
    later = ledger.take_delivery(checks[2].pk)
    assert later is not None
    assert later.answer == {"check_run": 7}


def test_the_later_check_replaces_the_earlier_ones_that_did_not_get_through(checks: list[Delivery]) -> None:
    queued, started, ended = checks
    fail_once(queued)
    taken = ledger.take_delivery(ended.pk)
    assert taken is not None
    assert taken.repeated
    ledger.settle_delivery(taken, outcome(answer={"check_run": 7}))
    for row in checks:
        row.refresh_from_db()
    assert [row.state for row in checks] == [states.SENT] * 3
    assert started.log.get().detail == f"Not sent any more: {ended.key} was sent first and says more."
    assert [row.answer for row in checks] == [{"check_run": 7}] * 3


# --- again ---


@pytest.mark.parametrize("end", ["sent", "given_up"])
def test_a_settled_delivery_is_sent_again_by_hand_under_its_key_with_all_its_tries(owed: Delivery, end: str) -> None:
    taken = ledger.take_delivery(owed.pk)
    assert taken is not None
    ledger.settle_delivery(taken, outcome(end == "sent", final=end != "sent"))
    OrmQ.objects.all().delete()
    ledger.redeliver(owed.pk)
    key = owed.key
    owed.refresh_from_db()
    assert (owed.state, owed.tries, owed.error, owed.settled_at, owed.key) == ("owed", 0, "", None, key)
    assert messages() == [owed.pk]
    again = ledger.take_delivery(owed.pk)
    assert again is not None
    assert again.number == 2


def test_a_delivery_that_waits_for_its_next_try_can_be_hurried(owed: Delivery) -> None:
    fail_once(owed)
    ledger.redeliver(owed.pk)
    assert ledger.take_delivery(owed.pk) is not None


def test_a_delivery_that_is_under_way_is_not_sent_a_second_time_by_hand(owed: Delivery) -> None:
    ledger.take_delivery(owed.pk)
    with pytest.raises(ledger.Refused, match="is being sent right now") as refusal:
        ledger.redeliver(owed.pk)
    assert refusal.value.code == "delivery_under_way"


def test_R16_a_lost_message_is_sent_again_into_an_empty_queue(owed: Delivery) -> None:
    OrmQ.objects.all().delete()
    assert ledger.sweep().deliveries_sent == 0
    queued_before(11)
    assert ledger.sweep().deliveries_sent == 1
    assert messages() == [owed.pk]
    assert ledger.sweep().deliveries_sent == 0


def test_a_message_that_waits_in_a_full_queue_is_not_doubled(owed: Delivery) -> None:
    queued_before(11)
    assert messages() == [owed.pk]
    assert ledger.sweep().deliveries_sent == 0


def test_the_sweep_asks_for_the_next_try_when_its_time_has_come_and_once(owed: Delivery) -> None:
    """Also while the queue is full of other work."""
    fail_once(owed)
    assert ledger.sweep().deliveries_sent == 0
    due(owed)
    Delivery.objects.update(queued_at=timezone.now() - timedelta(seconds=5))
    assert ledger.sweep().deliveries_sent == 1
    assert ledger.sweep().deliveries_sent == 0


def test_a_delivery_whose_worker_was_killed_is_asked_for_again(owed: Delivery) -> None:
    ledger.take_delivery(owed.pk)
    OrmQ.objects.all().delete()
    queued_before(61)
    assert ledger.sweep().deliveries_sent == 0
    lost(owed)
    assert ledger.sweep().deliveries_sent == 1


def test_what_is_settled_is_left_alone_by_the_sweep(owed: Delivery) -> None:
    fail_once(owed, final=True)
    Delivery.objects.update(queued_at=None)
    OrmQ.objects.all().delete()
    assert ledger.sweep().deliveries_sent == 0
