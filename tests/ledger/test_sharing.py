"""How work is shared out: turns, places, hedges, groups, limits."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from projects.models import Project, Test, Workspace
from runs import ledger, states
from runs.engine.plan import RunOptions
from runs.models import Attempt, Lease, Result, Run, Shard
from tests.ledger.conftest import DOCUMENT, Hand, numbers, played, story

Open = Callable[..., Run]


def another(name: str, count: int = 2, **fields: Any) -> Run:
    """A run of another workspace."""
    workspace = Workspace.objects.create(name=name, slug=name.lower())
    project = Project.objects.create(workspace=workspace, name=name, url="http://other.test/")
    tests = [Test.write(project, None, f"{name} {number}", DOCUMENT) for number in range(count)]
    run = ledger.open_test_run(ledger.RunRequest(project, None, "Grace"), RunOptions(shards=2), tests)
    Run.objects.filter(pk=run.pk).update(**fields)
    return run


def taken() -> ledger.Hold:
    held = ledger.take("here:1")
    assert held is not None
    return held


def aged(run: Run, seconds: float = 60) -> None:
    """As if the run's shards had been waited for, and its leases held, for so long."""
    then = timezone.now() - timedelta(seconds=seconds)
    Shard.objects.filter(run=run).update(sent_at=then)
    Lease.objects.filter(shard__run=run).update(opened_at=then)


# Turns


def test_a_free_worker_goes_to_the_workspace_that_has_fewest(opened: Open) -> None:
    mine = opened(4, shards=4)
    other = another("Other")
    assert [taken().run for _ in range(4)] == [mine.pk, other.pk, mine.pk, other.pk]


def test_a_higher_priority_goes_first(opened: Open) -> None:
    opened(4, shards=4)
    urgent = another("Urgent", priority=5)
    assert [taken().run for _ in range(2)] == [urgent.pk, urgent.pk]


def test_two_runs_of_a_project_get_workers_in_turn(opened: Open, order: Any, project: Project) -> None:
    first = opened(4, shards=4)
    second = ledger.open_test_run(order(), RunOptions(shards=4), list(Test.objects.all()))
    assert [taken().run for _ in range(4)] == [first.pk, second.pk, first.pk, second.pk]


def test_nobody_is_sent_where_nothing_is_left(opened: Open) -> None:
    run = opened(1, shards=1)
    hand = Hand(run)
    hand.claim()
    assert ledger.take("here:2") is None


def test_workers_join_and_leave_during_a_run(opened: Open) -> None:
    run = opened(9, shards=3)
    first = Hand(run, 0, "first:1")
    for _ in range(4):
        first.play(first.claim())
    late = Hand(run, 1, "late:1")
    late.play(late.claim())
    first.claim()
    ledger.give_back(first.held)
    last = Hand(run, 2, "last:1")
    late.play(late.claim())
    assert last.work_off() == 3
    run.refresh_from_db()
    assert run.status == states.JUDGING
    assert run.results.tally()["passed"] == 9


# Letting go


def test_a_long_run_lets_another_workspace_in_when_no_worker_is_free(opened: Open) -> None:
    long = opened(4, shards=2)
    held = [taken(), taken()]
    other = another("Other")
    aged(long)
    aged(other)
    assert [ledger.should_yield(one.lease, one.run) for one in held] == [True, False]
    ledger.give_back(held[0])
    assert taken().run == other.pk
    aged(long)
    aged(other)
    assert ledger.should_yield(held[1].lease, held[1].run) is False


def test_nobody_lets_go_before_its_slice_is_over(opened: Open) -> None:
    long = opened(2, shards=1)
    held = taken()
    other = another("Other")
    aged(other)
    assert ledger.should_yield(held.lease, held.run) is False
    aged(long)
    assert ledger.should_yield(held.lease, held.run) is True


def test_nobody_lets_go_while_a_free_worker_may_come(opened: Open) -> None:
    long = opened(2, shards=1)
    held = taken()
    another("Other")
    aged(long)
    assert ledger.should_yield(held.lease, held.run) is False


def test_nobody_lets_go_for_a_lower_priority(opened: Open) -> None:
    long = opened(2, shards=1)
    Run.objects.filter(pk=long.pk).update(priority=3)
    held = taken()
    other = another("Other")
    aged(long)
    aged(other)
    assert ledger.should_yield(held.lease, held.run) is False
    Run.objects.filter(pk=other.pk).update(priority=4)
    assert ledger.should_yield(held.lease, held.run) is True


# Places


def test_a_project_runs_so_many_at_once_and_the_next_waits_in_sight(opened: Open, order: Any, project: Project) -> None:
    Project.objects.update(max_concurrent_runs=1)
    first = opened(1)
    second = ledger.open_test_run(order(), RunOptions(), list(Test.objects.all()))
    hand = Hand(first)
    assert ledger.take("here:2") is None
    assert ledger.hold(second.shards.get().pk, "here:2") is None
    second.refresh_from_db()
    assert second.status == states.QUEUED
    assert ledger.ahead_of(second) == [first.public_id]
    hand.work_off()
    assert ledger.take("here:2") is None
    ledger.fail(first.pk, "The verdict is not what is tested here.", "internal")
    assert taken().run == second.pk


def test_the_end_of_a_run_sends_for_the_one_that_waits(opened: Open, order: Any) -> None:
    Project.objects.update(max_concurrent_runs=1)
    first = opened(1)
    ledger.open_test_run(order(), RunOptions(shards=1), list(Test.objects.all()))
    Hand(first)
    OrmQ.objects.all().delete()
    ledger.abort(first.pk, "Ada")
    assert OrmQ.objects.count() == 1


# Groups and accounts


def test_tests_of_a_serial_group_run_one_at_a_time_in_order(opened: Open) -> None:
    run = opened(4, shards=2)
    run.results.filter(position__in=(0, 1)).update(serial="stock")
    first, second = Hand(run, 0), Hand(run, 1)
    works = ledger.claim(first.held, 0, 4).works
    mine = {run.results.get(pk=work.result).position for work in works}
    assert len(mine & {0, 1}) == 1
    waiting = ledger.claim(second.held, 0, 4)
    assert {run.results.get(pk=work.result).serial for work in waiting.works} <= {""}
    for work in works:
        first.play(work)
    assert run.results.filter(serial="stock", status="running").count() == 0
    left = [work for hand in (first, second) for work in ledger.claim(hand.held, 0, 4).works]
    assert [run.results.get(pk=work.result).serial for work in left] == ["stock"]


def test_R7_nobody_idles_while_a_share_that_has_less_left_can_be_helped(opened: Open) -> None:
    run = opened(6, shards=3)
    run.results.filter(home=0).update(serial="stock", estimate_ms=60_000)
    run.results.exclude(home=0).update(estimate_ms=1_000)
    busy, idle = Hand(run, 0), Hand(run, 1)
    assert run.results.get(pk=busy.claim().result).serial == "stock"
    assert [run.results.get(pk=idle.claim().result).home for _ in range(4)] == [1, 1, 2, 2]
    assert idle.claim() is None


def test_an_exclusive_account_is_used_by_one_test_of_all_runs(opened: Open, order: Any) -> None:
    run = opened(1)
    other = ledger.open_test_run(order(), RunOptions(), list(Test.objects.all()))
    Result.objects.update(account="PRJ-1 http://shop.test/")
    mine, theirs = Hand(run), Hand(other)
    work = mine.claim()
    waiting = ledger.claim(theirs.held, 0)
    assert waiting.works == ()
    assert waiting.more
    mine.play(work)
    assert theirs.claim() is not None


# Hedges


def overdue(run: Run) -> tuple[Hand, Any]:
    """A hand whose only test has run for ten times its estimate."""
    hand = Hand(run, 0, "slow:1")
    work = hand.claim()
    Result.objects.filter(pk=work.result).update(estimate_ms=1_000, claimed_at=timezone.now() - timedelta(seconds=10))
    return hand, work


def hedged(run: Run) -> tuple[Hand, Any, Hand, Any]:
    slow, work = overdue(run)
    idle = Hand(run, 1, "idle:1")
    idle.work_off()
    twice = ledger.claim(idle.held, 2, hedging=True).work
    assert twice is not None
    assert twice.result == work.result
    return slow, work, idle, twice


def test_an_idle_worker_repeats_a_test_that_takes_too_long_and_wins(opened: Open) -> None:
    run = opened(2, shards=2)
    slow, work, idle, twice = hedged(run)
    idle.play(twice)
    result = run.results.get(pk=work.result)
    assert (result.status, result.lease_id) == ("passed", idle.held.lease)
    run.refresh_from_db()
    assert run.status == states.JUDGING
    before = numbers(run)
    with pytest.raises(ledger.StaleLease):
        slow.play(work)
    assert numbers(run) == before
    assert story(run).count("result") == 2


def test_the_first_execution_wins_when_it_ends_first_and_the_second_writes_nothing(opened: Open) -> None:
    run = opened(2, shards=2)
    slow, work, idle, twice = hedged(run)
    slow.play(work, "failed")
    assert run.results.get(pk=work.result).lease_id == slow.held.lease
    before = numbers(run)
    with pytest.raises(ledger.StaleLease):
        idle.play(twice)
    assert numbers(run) == before
    assert Attempt.objects.filter(result=work.result).count() == 1


def test_a_failure_of_the_second_execution_does_not_decide(opened: Open) -> None:
    run = opened(2, shards=2)
    slow, work, idle, twice = hedged(run)
    idle.play(twice, "failed")
    assert run.results.get(pk=work.result).status == "running"
    slow.play(work)
    assert run.results.get(pk=work.result).status == "passed"
    assert list(Attempt.objects.filter(result=work.result).values_list("hedge", "passed").order_by("hedge")) == [
        (False, True),
        (True, False),
    ]


def test_when_the_first_worker_dies_its_hedge_goes_on_alone(opened: Open) -> None:
    run = opened(2, shards=2)
    slow, work, idle, twice = hedged(run)
    Lease.objects.filter(pk=slow.held.lease).update(expires_at=timezone.now() - timedelta(seconds=1))
    ledger.sweep()
    result = run.results.get(pk=work.result)
    assert (result.status, result.lease_id) == ("running", idle.held.lease)
    idle.play(twice, "failed")
    assert run.results.get(pk=work.result).status == "failed"


def test_when_the_hedge_dies_the_first_goes_on_and_may_be_hedged_again(opened: Open) -> None:
    run = opened(2, shards=2)
    slow, work, idle, twice = hedged(run)
    ledger.record(idle.held, played(twice.result, "failed", 1)[:2])
    Lease.objects.filter(pk=idle.held.lease).update(expires_at=timezone.now() - timedelta(seconds=1))
    ledger.sweep()
    assert run.results.get(pk=work.result).lease_id == slow.held.lease
    again = Hand(run, 1, "idle:2")
    third = ledger.claim(again.held, 2, hedging=True).work
    assert third is not None
    assert third.attempts_before == 1
    again.play(third)
    assert run.results.get(pk=work.result).status == "passed"


@pytest.mark.parametrize("fields", [{"no_hedge": True}, {"serial": "stock"}, {"account": "shared"}])
def test_what_must_not_run_twice_at_once_is_not_hedged(opened: Open, fields: dict[str, Any]) -> None:
    run = opened(2, shards=2)
    _, work = overdue(run)
    Result.objects.filter(pk=work.result).update(**fields)
    idle = Hand(run, 1, "idle:1")
    idle.work_off()
    assert ledger.claim(idle.held, 2, hedging=True).work is None


def test_a_test_within_its_time_is_not_hedged(opened: Open) -> None:
    run = opened(2, shards=2)
    _, work = overdue(run)
    Result.objects.filter(pk=work.result).update(estimate_ms=6_000)
    idle = Hand(run, 1, "idle:1")
    idle.work_off()
    claimed = ledger.claim(idle.held, 2, hedging=True)
    assert claimed.work is None
    assert claimed.more


def test_nobody_waits_for_a_hedge_while_another_run_could_use_the_worker(opened: Open, order: Any) -> None:
    run = opened(2, shards=2)
    overdue(run)
    Result.objects.update(estimate_ms=60_000)
    idle = Hand(run, 1, "idle:1")
    idle.work_off()
    assert ledger.claim(idle.held, 2, hedging=True).more
    ledger.open_test_run(order(), RunOptions(), list(Test.objects.all()))
    assert not ledger.claim(idle.held, 2, hedging=True).more


# Limits


def test_max_failures_stops_all_shards(order: Any, tests: Any) -> None:
    run = ledger.open_test_run(order(), RunOptions(shards=2, max_failures=2), tests(6))
    first, second = Hand(run, 0), Hand(run, 1)
    mine = second.claim()
    first.play(first.claim(), "failed")
    assert Run.objects.get(pk=run.pk).status == "running"
    first.play(first.claim(), "failed")
    run.refresh_from_db()
    assert run.status == states.JUDGING
    assert run.results.tally() | {"total": 6} == run.results.tally()
    assert (run.results.tally()["failed"], run.results.tally()["skipped"]) == (2, 4)
    assert set(run.results.filter(status="skipped").values_list("skip_reason", flat=True)) == {"max_failures"}
    with pytest.raises(ledger.StaleLease):
        second.play(mine)


def test_a_run_says_how_near_to_ideal_it_was_shared_out(opened: Open) -> None:
    run = opened(4, shards=2)
    for hand in [Hand(run, index) for index in (0, 1)]:
        hand.work_off()
    run.refresh_from_db()
    assert run.makespan is not None
    assert run.makespan["slots"] == 4
    assert run.makespan["ideal_ms"] == 20
    assert run.makespan["achieved_ms"] >= 0


def test_R25_the_ai_provider_in_use_at_the_start_is_recorded(opened: Open, settings: Any) -> None:
    run = opened(1)
    settings.ENV = replace(settings.ENV, ai_provider="ollama")
    Hand(run)
    settings.ENV = replace(settings.ENV, ai_provider="anthropic")
    assert [found.pk for found in Run.objects.with_provider("ollama")] == [run.pk]
    assert not Run.objects.with_provider("anthropic").exists()
    ledger.abort(run.pk, "Ada")
    assert not Run.objects.with_provider("ollama").exists()
