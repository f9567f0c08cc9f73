"""Deliveries are tried by one worker at a time, settled, and sent again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from projects.models import Project
from runs import ledger, meters, states
from runs.ledger import outbox
from runs.models import Delivery, Run
from tests.ledger.deliveries import channel, due, fail_once, finish, lost, messages, outcome, queued_before

Open = Callable[..., Run]
URL = "https://ci.test/done"
COMMIT = {"repo": "octo/shop", "sha": "a" * 40}


@pytest.fixture
def owed(opened: Open) -> Delivery:
    """A callback of an aborted run."""
    run = opened(1, callback_url=URL)
    ledger.abort(run.pk, "Ada")
    return run.deliveries.get()


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
    assert owed.log.get(number=1).detail == outbox.UNDER_WAY


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
    for _ in range(len(outbox.WAITS) + 1):
        assert ledger.take_delivery(owed.pk) is not None
        lost(owed)
    assert ledger.take_delivery(owed.pk) is None
    owed.refresh_from_db()
    assert owed.state == states.GIVEN_UP
    assert "lost its worker" in owed.error


# --- settling ---


def test_tries_are_further_and_further_apart_and_then_given_up(owed: Delivery) -> None:
    for wait in outbox.WAITS:
        before = timezone.now()
        fail_once(owed)
        assert owed.state == states.OWED
        shortest, longest = timedelta(seconds=0.79 * wait), timedelta(seconds=1.21 * wait)
        assert before + shortest <= owed.next_try_at <= timezone.now() + longest
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


@pytest.mark.parametrize(("after", "shortest", "longest"), [(90, 90, 90), (0, 3.95, 6.05), (10**9, 3600, 3600)])
def test_a_receiver_may_ask_for_a_longer_wait_within_bounds(
    owed: Delivery, after: float, shortest: float, longest: float
) -> None:
    before = timezone.now()
    fail_once(owed, after=after)
    assert before + timedelta(seconds=shortest) <= owed.next_try_at <= timezone.now() + timedelta(seconds=longest)


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
