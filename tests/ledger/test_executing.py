from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from projects.models import Test
from runs import gates, ledger, reading, states
from runs.engine.plan import RunOptions
from runs.models import Lease, Run, Shard
from tests.ledger.conftest import Hand, numbers, played, story

Open = Callable[..., Run]


def test_R6_a_message_delivered_twice_opens_one_lease(opened: Open) -> None:
    shard = opened(2).shards.get()
    assert ledger.hold(shard.pk, "here:1") is not None
    assert ledger.hold(shard.pk, "here:2") is None
    assert Lease.objects.count() == 1


def test_R6_a_message_after_the_end_executes_nothing(opened: Open) -> None:
    run = opened(1)
    ledger.abort(run.pk, "Ada")
    assert ledger.hold(run.shards.get().pk, "here:1") is None
    assert ledger.hold(999_999, "here:1") is None


def test_R7_each_result_is_claimed_once_over_all_shards(opened: Open) -> None:
    run = opened(7, shards=2)
    hands = [Hand(run, 0, "a:1"), Hand(run, 1, "b:1")]
    claimed = [hand.claim() for _ in range(4) for hand in hands]
    numbers_claimed = [work.result for work in claimed if work is not None]
    assert len(numbers_claimed) == len(set(numbers_claimed)) == 7


def test_R7_a_shard_takes_its_own_share_first_then_helps_the_sibling(opened: Open) -> None:
    run = opened(6, shards=2)
    hand = Hand(run, 1)
    homes = [run.results.get(pk=hand.claim().result).home for _ in range(6)]
    assert homes == [1, 1, 1, 0, 0, 0]


def test_R7_a_test_waits_for_the_one_it_depends_on(
    order: Callable[..., ledger.RunRequest], tests: Callable[..., list[Test]]
) -> None:
    first, second = tests(2)
    first.document = {**first.document, "depends_on": [second.public_id]}
    run = ledger.open_test_run(order(), RunOptions(), [first, second])
    hand = Hand(run)
    work = hand.claim()
    assert work.title == second.title
    waiting = ledger.claim(hand.held, 0)
    assert (waiting.work, waiting.more) == (None, True)
    hand.play(work)
    assert hand.claim().title == first.title


def test_a_test_whose_dependency_failed_is_skipped_with_that_reason(
    order: Callable[..., ledger.RunRequest], tests: Callable[..., list[Test]]
) -> None:
    first, second, third = tests(3)
    second.document = {**second.document, "depends_on": [first.public_id]}
    third.document = {**third.document, "depends_on": [second.public_id]}
    run = ledger.open_test_run(order(), RunOptions(), [first, second, third])
    Hand(run).work_off("failed")
    run.refresh_from_db()
    assert list(run.results.values_list("status", "skip_reason")) == [
        ("failed", ""),
        ("skipped", "dependency_failed"),
        ("skipped", "dependency_failed"),
    ]
    assert run.status == states.JUDGING


def test_R8_a_group_of_events_is_written_whole_or_not_at_all(opened: Open) -> None:
    run = opened(2)
    hand = Hand(run)
    work = hand.claim()
    before = numbers(run)
    broken = [*played(work.result, "passed"), object()]
    with pytest.raises(KeyError):
        ledger.record(hand.held, broken)
    assert numbers(run) == before
    assert run.results.get(pk=work.result).status == "running"


def test_R8_recording_costs_the_same_number_of_queries_in_a_large_run(
    opened: Open, django_assert_max_num_queries: Callable[..., AbstractContextManager[object]]
) -> None:
    run = opened(300)
    hand = Hand(run)
    work = hand.claim()
    with django_assert_max_num_queries(16):
        hand.play(work)


def test_R9_a_stale_lease_cannot_record_claim_or_renew(opened: Open) -> None:
    run = opened(2)
    late = Hand(run, worker="late:1")
    work = late.claim()
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ledger.sweep().lost == 1
    fresh = Hand(run, worker="fresh:1")
    before = numbers(run)
    for verb in (
        lambda: late.play(work),
        late.claim,
        lambda: ledger.renew(late.held),
        lambda: ledger.wanted(late.held),
    ):
        with pytest.raises(ledger.StaleLease):
            verb()
    assert numbers(run) == before
    assert fresh.held.number == 2


def test_R9_a_result_of_another_lease_is_left_alone(opened: Open) -> None:
    run = opened(2, shards=2)
    mine, other = Hand(run, 0), Hand(run, 1)
    work = mine.claim()
    events = played(work.result, "failed")
    assert ledger.record(other.held, events) == events
    assert run.results.get(pk=work.result).status == "running"
    assert "result" not in story(run)


def test_R10_every_result_says_which_shard_worker_and_attempt_produced_it(opened: Open) -> None:
    run = opened(1)
    hand = Hand(run, worker="box:77")
    hand.play(hand.claim(), "flaky", attempts=2)
    result = run.results.get()
    assert result.lease is not None
    assert (result.lease.worker, result.lease.shard.index) == ("box:77", 0)
    assert list(result.attempts.values_list("number", "passed", "lease")) == [
        (1, False, hand.held.lease),
        (2, True, hand.held.lease),
    ]


def test_R11_retries_are_counted_on_the_result_and_summed_on_the_run(opened: Open) -> None:
    run = opened(3)
    hand = Hand(run)
    hand.play(hand.claim(), "failed", attempts=3)
    hand.play(hand.claim(), "flaky", attempts=2)
    hand.play(hand.claim())
    run.refresh_from_db()
    report = reading.report(run)
    assert (report.retries, report.failed_after_retry) == (3, 1)
    assert (report.counts.failed, report.counts.flaky, report.counts.passed) == (1, 1, 1)


def test_R12_what_a_dead_worker_recorded_stays_and_what_it_was_running_is_pending_again(opened: Open) -> None:
    run = opened(3)
    dead = Hand(run, worker="dead:1")
    dead.play(dead.claim())
    dead.claim()
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    OrmQ.objects.all().delete()
    ledger.sweep()
    assert run.results.tally() | {"total": 3} == run.results.tally()
    assert (run.results.tally()["passed"], run.results.tally()["pending"]) == (1, 2)
    assert OrmQ.objects.count() == 1
    assert Hand(run).work_off() == 2
    run.refresh_from_db()
    assert run.status == states.JUDGING
    assert {"shard_lost", "shard_resumed"} <= set(story(run))


def test_a_worker_whose_browser_died_forfeits_its_lease_at_once(opened: Open) -> None:
    run = opened(2)
    hand = Hand(run)
    hand.claim()
    OrmQ.objects.all().delete()
    ledger.forfeit(hand.held)
    ledger.forfeit(hand.held)
    assert (Lease.objects.get().state, run.results.tally()["pending"]) == ("lost", 2)
    assert (Shard.objects.get().leases_lost, OrmQ.objects.count()) == (1, 1)
    assert Hand(run).work_off() == 2


def test_R13_a_result_that_was_running_in_two_lost_shards_fails_as_poisonous(opened: Open) -> None:
    run = opened(2)
    for _ in range(2):
        Hand(run).claim()
        Lease.objects.filter(state="open").update(expires_at=timezone.now() - timedelta(seconds=1))
        ledger.sweep()
    poisonous = run.results.get(position=0)
    assert (poisonous.status, poisonous.error_kind) == ("failed", "crash")
    run.refresh_from_db()
    assert run.status == states.RUNNING
    assert Hand(run).work_off() == 1


def test_R13_a_shard_that_uses_up_its_leases_fails_the_run(opened: Open) -> None:
    run = opened(6)
    for _ in range(3):
        hand = Hand(run)
        hand.claim()
        Lease.objects.filter(state="open").update(expires_at=timezone.now() - timedelta(seconds=1))
        ledger.sweep()
    run.refresh_from_db()
    assert (run.status, run.error_category) == ("failed", "leases_used_up")
    assert story(run).count("done") == 1


def test_a_lost_message_is_sent_again(opened: Open) -> None:
    run = opened(1)
    OrmQ.objects.all().delete()
    Shard.objects.update(sent_at=timezone.now() - timedelta(seconds=60))
    assert ledger.sweep().shards_sent == 1
    assert OrmQ.objects.count() == 1
    assert ledger.sweep().shards_sent == 0
    assert run.status == states.QUEUED


def test_R15_a_retry_never_resurrects_a_terminal_run(opened: Open) -> None:
    run = opened(2)
    hand = Hand(run)
    work = hand.claim()
    ledger.abort(run.pk, "Ada")
    before = numbers(run)
    with pytest.raises(ledger.StaleLease):
        hand.play(work)
    ledger.fail(run.pk, "too late", "internal")
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    ledger.sweep()
    run.refresh_from_db()
    assert run.status == states.ABORTED
    assert numbers(run) == before


def test_a_lease_given_back_returns_its_work_and_queues_the_shard(opened: Open) -> None:
    run = opened(2)
    hand = Hand(run)
    hand.claim()
    OrmQ.objects.all().delete()
    ledger.give_back(hand.held)
    assert run.results.tally()["pending"] == 2
    assert OrmQ.objects.count() == 1
    assert Lease.objects.get().state == "stopped"


def finish(run: Run) -> None:
    run.refresh_from_db()
    ledger.close(run.pk, gates.judge(reading.report(run)))
    run.refresh_from_db()


def test_R18_the_shard_that_resolves_the_last_result_asks_for_the_verdict_once(opened: Open) -> None:
    run = opened(4, shards=2)
    OrmQ.objects.all().delete()
    first, second = Hand(run, 0), Hand(run, 1)
    first.work_off()
    second.work_off()
    run.refresh_from_db()
    assert run.status == states.JUDGING
    assert OrmQ.objects.count() == 1


def test_R18_two_finalizers_end_a_run_once(opened: Open) -> None:
    run = opened(1)
    Hand(run).work_off()
    finish(run)
    with pytest.raises(ledger.StaleLease):
        finish(run)
    assert (run.status, run.verdict) == ("completed", "passed")
    assert story(run)[-2:] == ["judged", "done"]
    assert story(run).count("done") == 1


def test_R18_a_dead_finalizer_is_replaced(opened: Open) -> None:
    run = opened(1)
    Hand(run).work_off()
    OrmQ.objects.all().delete()
    Run.objects.update(sent_at=timezone.now() - timedelta(seconds=60))
    assert ledger.sweep().judges_sent == 1


@pytest.mark.parametrize(("outcome", "verdict"), [("passed", "passed"), ("flaky", "passed"), ("failed", "failed")])
def test_the_verdict_follows_the_results(opened: Open, outcome: str, verdict: str) -> None:
    run = opened(2)
    Hand(run).work_off(outcome)
    finish(run)
    assert run.verdict == verdict


def test_a_run_that_executed_nothing_is_empty_and_never_passed(opened: Open) -> None:
    run = opened(1)
    Test.objects.get().delete_softly()
    Hand(run).work_off()
    finish(run)
    assert run.verdict == "empty"


def test_a_gate_that_does_not_hold_fails_the_verdict(opened: Open) -> None:
    run = opened(2)
    run.project.quality_gates = {"max_flaky_pct": 10}
    run.project.save()
    Hand(run).work_off("flaky")
    finish(run)
    assert run.verdict == "failed"
    assert (run.gate_result or {})["passed"] is False


def test_R20_abort_skips_what_had_not_finished_and_keeps_what_had(opened: Open) -> None:
    run = opened(3)
    hand = Hand(run)
    hand.play(hand.claim())
    hand.claim()
    ledger.abort(run.pk, "Ada")
    run.refresh_from_db()
    assert run.status == states.ABORTED
    assert list(run.results.values_list("status", "skip_reason")) == [
        ("passed", ""),
        ("skipped", "aborted"),
        ("skipped", "aborted"),
    ]
    assert story(run)[-1] == "done"
    with pytest.raises(ledger.StaleLease):
        ledger.wanted(hand.held)


def test_R20_aborting_twice_is_one_abort_and_a_finished_run_stays_finished(opened: Open) -> None:
    run = opened(1)
    ledger.abort(run.pk, "Ada")
    before = numbers(run)
    with pytest.raises(ledger.Refused, match="is aborted") as refused:
        ledger.abort(run.pk, "Ada")
    assert refused.value.code == "run_over"
    assert numbers(run) == before


def test_R22_events_are_numbered_without_gaps_and_can_be_read_after_any_number(opened: Open) -> None:
    run = opened(5, shards=2)
    Hand(run, 0).work_off()
    finish(run)
    assert numbers(run) == list(range(1, run.last_seq + 1))
    assert [line["seq"] for line in reading.events(run.pk, after=4, limit=3)] == [5, 6, 7]
    assert story(run)[-1] == "done"
