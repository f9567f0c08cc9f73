"""Each point at which the old system loses, doubles or freezes runs when a process dies there.

K1 to K15 are the crash points of the analysis that this design answers; K8 to K10 concern deliveries and stand with
them. "Dies" is an exception that leaves the transaction under way undone, as the end of the process would.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ

from projects.models import Test
from runs import gates, ledger, reading, states, tasks
from runs.engine.plan import RunOptions
from runs.models import Attempt, Lease, Result, Run, RunEvent, Shard
from tests.ledger.conftest import Hand, numbers, played, story

Open = Callable[..., Run]


class Death(Exception):
    """The process is gone."""


@contextmanager
def dies() -> Iterator[None]:
    """What the block writes is undone, as when the process dies before its commit."""
    with suppress(Death), transaction.atomic():
        yield
        raise Death


def silent() -> None:
    """Every open lease has run out."""
    Lease.objects.filter(state="open").update(expires_at=timezone.now() - timedelta(seconds=1))


def long_ago() -> None:
    """Every message was sent, and lost, a minute ago."""
    OrmQ.objects.all().delete()
    then = timezone.now() - timedelta(minutes=1)
    Shard.objects.update(sent_at=then)
    Run.objects.update(sent_at=then)


def whole(run: Run, **tally: int) -> None:
    """The run is as it should be: nothing lost, nothing doubled, no gap, one end at most."""
    run.refresh_from_db()
    found = run.results.tally()
    assert found["total"] == sum(found[state] for state in states.RESULT_STATES)
    assert {name: found[name] for name in tally} == tally
    assert numbers(run) == list(range(1, run.last_seq + 1))
    told = list(RunEvent.objects.filter(run=run, type="result").values_list("data__result", flat=True))
    assert len(told) == len(set(told))
    assert story(run).count("done") == int(run.is_over)


def finish(run: Run) -> None:
    ledger.close(run.pk, gates.judge(reading.report(Run.objects.get(pk=run.pk))))


def test_K1_a_worker_that_dies_before_its_first_test_loses_nothing(opened: Open) -> None:
    run = opened(3)
    Hand(run, worker="dead:1")
    silent()
    ledger.sweep()
    assert Hand(run).work_off() == 3
    whole(run, passed=3)


def test_K2_what_was_recorded_before_the_death_is_neither_repeated_nor_lost(opened: Open) -> None:
    run = opened(4)
    dead = Hand(run, worker="dead:1")
    for _ in range(2):
        dead.play(dead.claim(), "flaky", attempts=2)
    dead.claim()
    silent()
    ledger.sweep()
    assert Hand(run).work_off() == 2
    whole(run, passed=2, flaky=2)
    assert Attempt.objects.filter(result__run=run).count() == 6
    assert reading.report(run).retries == 2


def test_K3_a_reaper_that_dies_while_it_takes_a_lease_away_has_changed_nothing(opened: Open) -> None:
    run = opened(3)
    dead = Hand(run, worker="dead:1")
    dead.play(dead.claim())
    dead.claim()
    silent()
    before = numbers(run)
    with dies():
        assert ledger.lose(dead.held.lease)
    assert Lease.objects.get().state == "open"
    assert numbers(run) == before
    ledger.sweep()
    assert Hand(run).work_off() == 2
    whole(run, passed=3)


def test_K4_totals_are_counted_from_results_so_nothing_can_be_counted_twice(opened: Open) -> None:
    run = opened(3)
    hand = Hand(run)
    work = hand.claim()
    with dies():
        hand.play(work)
    whole(run, passed=0, running=1)
    hand.play(work)
    hand.play(work)
    whole(run, passed=1)


def test_K5_a_shard_that_ends_twice_does_not_end_the_run_of_its_sibling(opened: Open) -> None:
    run = opened(4, shards=2)
    first, second = Hand(run, 0), Hand(run, 1)
    work = second.claim()
    first.work_off()
    with dies():
        ledger.finish(first.held)
    ledger.finish(first.held)
    ledger.finish(first.held)
    assert ledger.hold(first.held.shard, "again:1") is not None
    assert Run.objects.get(pk=run.pk).status == states.RUNNING
    second.play(work)
    whole(run, passed=4)
    assert run.status == states.JUDGING


def test_K6_a_finalizer_that_dies_is_replaced_and_the_run_ends_once(opened: Open) -> None:
    run = opened(1)
    Hand(run).work_off()
    with dies():
        finish(run)
    whole(run, passed=1)
    assert run.status == states.JUDGING
    long_ago()
    assert ledger.sweep().judges_sent == 1
    assert OrmQ.objects.count() == 1
    tasks.judge(run.pk)
    tasks.judge(run.pk)
    whole(run, passed=1)
    assert (run.status, run.verdict) == ("completed", "passed")


def test_K7_a_verdict_that_cannot_be_computed_fails_the_run_and_says_so(opened: Open) -> None:
    run = opened(1)
    Hand(run).work_off()
    run.project.quality_gates = {"a_gate_that_is_gone": 1}
    run.project.save()
    tasks.judge(run.pk)
    assert Run.objects.get(pk=run.pk).status == states.JUDGING, "another worker tries once more"
    tasks.judge(run.pk)
    whole(run, passed=1)
    assert (run.status, run.error_category) == ("failed", "internal")
    assert "verdict" in run.error


def test_K11_a_shard_that_is_lost_again_and_again_ends_the_run(opened: Open) -> None:
    run = opened(9)
    for _ in range(3):
        Hand(run)
        silent()
        ledger.sweep()
    whole(run, skipped=9)
    assert (run.status, run.error_category) == ("failed", "leases_used_up")
    assert ledger.take("here:1") is None


def test_K12_a_queue_that_lost_everything_is_filled_again(opened: Open) -> None:
    run = opened(2, shards=2)
    long_ago()
    assert ledger.sweep().shards_sent == 1
    assert OrmQ.objects.count() == 1
    held = ledger.take("here:1")
    assert held is not None
    long_ago()
    ledger.sweep()
    assert OrmQ.objects.count() == 1
    assert run.status == states.QUEUED


def test_K13_a_death_while_a_run_is_queued_leaves_nothing_of_it(order: Any, tests: Any) -> None:
    rows = tests(3)
    with dies():
        ledger.open_test_run(order(), RunOptions(shards=3), rows)
    assert not Run.objects.exists()
    assert not Result.objects.exists()
    assert not OrmQ.objects.exists()


def test_K14_a_stop_gives_the_shard_back_and_the_next_worker_goes_on(opened: Open) -> None:
    run = opened(3)
    leaving = Hand(run)
    leaving.play(leaving.claim())
    leaving.claim()
    ledger.give_back(leaving.held)
    assert (Lease.objects.get().state, Shard.objects.get().leases_lost) == ("stopped", 0)
    assert Hand(run).work_off() == 2
    whole(run, passed=3)


def test_K15_a_worker_that_was_only_paused_writes_nothing_when_it_wakes(opened: Open) -> None:
    run = opened(3)
    paused = Hand(run, worker="paused:1")
    work = paused.claim()
    silent()
    ledger.sweep()
    fresh = Hand(run, worker="fresh:1")
    assert fresh.work_off() == 3
    before = numbers(run)
    for verb in (lambda: paused.play(work, "failed"), paused.claim, lambda: ledger.renew(paused.held)):
        with pytest.raises(ledger.StaleLease):
            verb()
    ledger.finish(paused.held)
    ledger.give_back(paused.held)
    assert numbers(run) == before
    whole(run, passed=3)


def test_a_test_deleted_and_a_worker_dead_at_once_still_resolve_everything(opened: Open) -> None:
    run = opened(3)
    dead = Hand(run)
    dead.claim()
    Test.objects.all()[0].delete_softly()
    silent()
    ledger.sweep()
    Hand(run).work_off()
    whole(run, passed=2, skipped=1)


def test_text_that_no_database_takes_does_not_cost_a_result(opened: Open) -> None:
    run = opened(1)
    hand = Hand(run)
    events = played(hand.claim().result, "passed")
    awkward = ("a NUL \0 and half of a pair \ud800 beside a whole one 😀",)
    events[1] = type(events[1])(
        **{name: getattr(events[1], name) for name in events[1].__slots__} | {"console": awkward}
    )
    ledger.record(hand.held, events)
    assert Attempt.objects.get().console == ["a NUL \ufffd and half of a pair \ufffd beside a whole one 😀"]
    whole(run, passed=1)
