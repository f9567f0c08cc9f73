"""Rows of workers, the board of what is under way, and numbers on their way into the database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from projects.models import Project
from runs import heartbeats, ledger, meters, reading
from runs.engine.events import Log, PageFailed, TestEnded
from runs.engine.plan import PageWork, RunOptions
from runs.models import Run, RunEvent, Shard, Worker
from tests.ledger.conftest import Hand
from tests.watching.conftest import approved, reported


@pytest.fixture
def run(project: Project) -> Run:
    return ledger.open_test_run(ledger.RunRequest(project, None, "Ada"), RunOptions(shards=1), approved(project, 3))


@pytest.mark.parametrize(
    ("silent", "fields", "state"),
    [
        (0, {}, "fit"),
        (14, {}, "fit"),
        (0, {"unfit": "No browser."}, "unfit"),
        (0, {"unfit": "No browser.", "stopping": True}, "stopping"),
        (16, {"stopping": True}, "silent"),
        (61, {"unfit": "No browser."}, "gone"),
    ],
)
def test_a_worker_is_what_it_last_said_until_it_is_silent(
    db: None, silent: float, fields: dict[str, Any], state: str
) -> None:
    assert heartbeats.state_of(reported("a:1", silent, **fields), timezone.now()) == state


def test_rows_of_workers_that_are_long_gone_are_deleted(db: None) -> None:
    for number, silent in enumerate((0, 300, 700)):
        reported(f"a:{number}", silent)
    heartbeats.forget_silent()
    assert set(Worker.objects.values_list("name", flat=True)) == {"a:0", "a:1"}


def test_nobody_is_fit_only_where_all_living_workers_say_so(db: None) -> None:
    assert heartbeats.nobody_is_fit() == ""
    reported("a:1", unfit="No browser found.")
    assert heartbeats.nobody_is_fit() == "No browser found."
    reported("a:2", silent=100)
    assert heartbeats.nobody_is_fit() == "No browser found."
    reported("a:3")
    assert heartbeats.nobody_is_fit() == ""


def test_the_board_gives_each_work_the_lowest_free_slot(run: Run) -> None:
    hand = Hand(run)
    first, second, third = (hand.claim() for _ in range(3))
    heartbeats.claimed(run.pk, 0, [first, second])
    heartbeats.claimed(run.pk, 0, [])
    heartbeats.recorded([Log("info", "words"), TestEnded(first.result, "passed", 1, 5)])
    heartbeats.claimed(run.pk, 0, [third])
    heartbeats.claimed(run.pk, 0, [PageWork(page=9, url="http://shop.test/cart", depth=1)])
    shown = heartbeats.board.shown()
    assert [(entry["slot"], entry["title"]) for entry in shown] == [
        (0, third.title),
        (1, second.title),
        (2, "http://shop.test/cart"),
    ]
    assert all(datetime.fromisoformat(entry["since"]) <= datetime.now(UTC) for entry in shown)
    heartbeats.recorded([PageFailed(9, "timeout", "It did not answer.")])
    heartbeats.busy(run.pk, 0, "proposes tests")
    assert heartbeats.board.shown()[2]["title"] == "proposes tests"
    heartbeats.idle()
    assert heartbeats.board.shown() == []


def test_only_live_lines_count_for_the_lag_of_events(run: Run) -> None:
    meters.drain()
    connected = timezone.now() - timedelta(seconds=1)
    RunEvent.objects.update(at=connected - timedelta(minutes=5))
    heartbeats.observe_lag(reading.events(run.pk), connected)
    assert meters.drain() == {}
    Hand(run)
    RunEvent.objects.filter(seq__gt=1).update(at=timezone.now() - timedelta(seconds=0.3))
    heartbeats.observe_lag(reading.events(run.pk), connected)
    counted = meters.drain()
    assert counted[meters.EVENT_LAG_SECONDS, "count"] == 1
    assert 0.3 <= counted[meters.EVENT_LAG_SECONDS, "sum"] < 1


def test_a_shard_is_passed_on_once_and_only_while_it_wants_a_worker(run: Run) -> None:
    shard = run.shards.get()
    sent_at = shard.sent_at
    assert ledger.pass_on(shard.pk, sent_at)
    assert not ledger.pass_on(shard.pk, sent_at), "another message is on its way"
    hand = Hand(run)
    shard.refresh_from_db()
    assert not ledger.pass_on(shard.pk, shard.sent_at), "it is held"
    ledger.abort(run.pk, "Ada")
    assert not ledger.pass_on(shard.pk, shard.sent_at), "its run is over"
    assert hand.held.number == 1


def test_a_message_that_is_sent_again_is_told_in_the_runs_story(run: Run) -> None:
    from django_q.models import OrmQ

    OrmQ.objects.all().delete()
    Shard.objects.update(sent_at=timezone.now() - timedelta(minutes=1))
    assert ledger.sweep().shards_sent == 1
    last = run.events.order_by("-seq")[0]
    assert (last.type, last.data["level"]) == ("log", "warning")
    assert last.data["message"] == "Shard 0 waited without a message in the queue; it was queued again."
