"""A crawl keeps to its minutes in every stage, and what it had no time to prove is proved later."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from projects.models import Project, Test
from runs import heartbeats, ledger, states
from runs.engine.plan import CrawlOptions
from runs.models import Lease, Result, Run, Shard, Worker
from runs.worker import STAGES, ShardWorker, TimeOver
from tests.ledger.conftest import Hand, planned
from tests.ledger.test_crawling import link, next_page, visit
from tests.ledger.test_scoring import proposal, proved, proving, score

Open = Callable[..., Run]


def pass_by(run: Run, minutes: float) -> None:
    Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(minutes=minutes))


def logs(run: Run) -> list[str]:
    return [event.data["message"] for event in run.events.filter(type="log")]


def again(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


def test_the_story_says_how_the_minutes_are_shared_out(crawl: Open) -> None:
    run = crawl(max_minutes=10)
    Hand(run)
    assert "Of 10 minutes, pages are visited for 3.5, trying ends by 5.5, proving by 9." in logs(run)


def test_cases_are_left_out_when_the_time_for_trying_is_over(crawl: Open) -> None:
    run = crawl(max_minutes=10)
    hand = Hand(run)
    visit(hand, next_page(hand))
    planned(hand, 3)
    [work] = ledger.claim_cases(hand.held).works
    pass_by(run, 5.6)
    assert ledger.claim_cases(hand.held) == ledger.Claim((), more=False)
    assert again(run).stage == states.OBSERVE
    assert run.cases.get(pk=work.case).status == states.RUNNING
    ledger.stop_stage(hand.held, states.OBSERVE)
    assert again(run).stage == states.PROPOSE
    assert "The time for trying is over: 2 of 3 cases are left out." in logs(run)


def test_pages_under_way_are_given_up_when_visiting_takes_too_long(crawl: Open) -> None:
    run = crawl(max_minutes=10)
    hand = Hand(run)
    visit(hand, next_page(hand), [link("/slow"), link("/other")])
    assert next_page(hand) is not None
    ledger.stop_stage(hand.held, states.CRAWL)
    assert (again(run).stage, again(run).end_reason) == (states.PLAN, "time_budget")
    assert set(run.pages.exclude(depth=0).values_list("status", "skip_reason")) == {("skipped", "over_budget")}


def out_of_time(crawl: Open, count: int = 3) -> tuple[Run, Hand]:
    """A crawl with one proof, of which the time is over then."""
    run = crawl(max_minutes=10)
    hand = proving(run, *(proposal(number, f"/{number}") for number in range(count)))
    [work] = ledger.claim_proofs(hand.held).works
    ledger.record(hand.held, proved(work))
    pass_by(run, 9.1)
    return run, hand


def test_what_is_not_proved_for_want_of_time_says_so_and_is_not_rejected(crawl: Open) -> None:
    run, hand = out_of_time(crawl)
    assert ledger.claim_proofs(hand.held) == ledger.Claim((), more=False)
    assert again(run).stage == states.SCORE
    assert set(run.results.exclude(status=states.PASSED).values_list("status", "skip_reason")) == {
        ("skipped", "unproved")
    }
    assert "The crawl's time is over: 2 proposals are not proved. “Prove the rest” proves them." in logs(run)
    score(hand)
    assert again(run).pipeline["prove"]["unproved"] == 2
    assert again(run).pipeline["score"] == {"kept": 1, "rejected": 0, "merged": 0}
    assert Test.objects.count() == 1


def test_a_proof_that_is_under_way_when_the_time_is_over_is_left_as_well(crawl: Open) -> None:
    run = crawl(max_minutes=10)
    hand = proving(run)
    ledger.claim_proofs(hand.held)
    ledger.stop_stage(hand.held, states.PROVE)
    assert run.results.filter(skip_reason="unproved").count() == 2
    assert again(run).stage == states.SCORE


def test_a_worker_stops_what_it_is_at_when_its_stage_is_over(crawl: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    run = crawl(max_minutes=10)
    hand = proving(run)
    ledger.claim_proofs(hand.held)
    worker = ShardWorker(hand.held)
    ticked: list[float] = []

    def prove(self: ShardWorker, _run: Run) -> bool:
        while True:
            ticked.append(time.monotonic())
            self.tick()
            pass_by(run, 10)
            self.ends = time.monotonic()

    monkeypatch.setitem(STAGES, states.PROVE, prove)
    try:
        assert worker._carried_out(again(run))
    finally:
        heartbeats.idle()
    assert len(ticked) == 2
    assert again(run).stage == states.SCORE
    worker.ends = time.monotonic()
    with pytest.raises(TimeOver):
        worker.tick()


def test_a_plan_that_is_not_ready_in_time_is_none_and_the_crawl_goes_on(crawl: Open) -> None:
    run = crawl(max_minutes=10)
    hand = Hand(run)
    visit(hand, next_page(hand))
    assert ledger.take_stage(hand.held, states.PLAN)
    ShardWorker(hand.held).plan_nothing()
    assert again(run).stage == states.PROPOSE
    assert ledger.take_stage(hand.held, states.PROPOSE)
    ShardWorker(hand.held).propose_nothing()
    assert again(run).stage == states.SCORE


def ended(run: Run, hand: Hand) -> Run:
    ledger.claim_proofs(hand.held)
    score(hand)
    ledger.close(run.pk, __import__("runs.gates", fromlist=["judge"]).judge(_report(run)))
    return again(run)


def _report(run: Run) -> Any:
    from runs import reading

    return reading.report(again(run))


def test_the_rest_is_proved_by_a_run_of_its_own(crawl: Open, order: Callable[..., ledger.RunRequest]) -> None:
    run, hand = out_of_time(crawl)
    with pytest.raises(ledger.Refused, match="wait for its end"):
        ledger.open_proofs(order(), run)
    earlier = ended(run, hand)
    rest = ledger.open_proofs(order(rerun_of=earlier), earlier)
    assert (rest.kind, rest.stage, rest.pages.count(), rest.rerun_of) == ("crawl", states.PROVE, 0, earlier)
    assert set(rest.results.values_list("title", flat=True)) == {"Test 1", "Test 2"}
    with pytest.raises(ledger.Refused, match="nothing unproved"):
        ledger.open_proofs(order(rerun_of=earlier), earlier)
    prover = Hand(rest)
    for _ in range(2):
        [work] = ledger.claim_proofs(prover.held).works
        ledger.record(prover.held, proved(work))
    score(prover)
    assert again(rest).status == states.JUDGING
    assert Test.objects.filter(crawl_run=rest.pk).count() == 2
    with pytest.raises(ledger.Refused, match="nothing unproved"):
        ledger.open_proofs(order(), earlier)


def test_what_an_aborted_crawl_left_can_be_proved_too(crawl: Open, order: Callable[..., ledger.RunRequest]) -> None:
    run = crawl()
    hand = proving(run)
    ledger.record(hand.held, proved(ledger.claim_proofs(hand.held).works[0]))
    ledger.abort(run.pk, "Ada")
    assert Test.objects.waiting().count() == 1
    assert ledger.open_proofs(order(), again(run)).results.count() == 1


def worker(name: str, **fields: Any) -> None:
    now = timezone.now()
    Worker.objects.create(name=name, host="here", pid=len(name), started_at=now, seen_at=now, **fields)


def test_a_crawl_takes_all_workers_that_there_are_and_those_that_come_later(project: Project, crawl: Open) -> None:
    worker("one")
    worker("no browser", unfit="There is no browser.")
    run = crawl()
    assert run.shards.count() == 1
    Hand(run)
    for name in ("two", "three"):
        worker(name)
    ledger.sweep()
    ledger.sweep()
    assert sorted(run.shards.values_list("index", flat=True)) == [0, 1, 2]
    assert ledger.hold(Shard.objects.get(run=run, index=2).pk, "three") is not None


@pytest.mark.parametrize(("options", "shards"), [({"shards": 2}, 2), ({"requests_per_second": 1.0}, 1)])
def test_a_crawl_that_says_how_many_workers_it_wants_has_those(
    crawl: Open, options: dict[str, Any], shards: int
) -> None:
    for name in ("one", "two", "three"):
        worker(name)
    run = crawl(**options)
    Hand(run)
    ledger.sweep()
    assert run.shards.count() == shards


def test_a_crawl_with_all_workers_gives_one_to_whoever_waits(
    project: Project, crawl: Open, opened: Callable[..., Run], settings: Any
) -> None:
    Project.objects.update(max_concurrent_runs=5)
    for name in ("one", "two"):
        worker(name)
    run = crawl()
    hands = [Hand(run, index, f"here:{index}") for index in range(2)]
    Lease.objects.update(opened_at=timezone.now() - timedelta(minutes=5))
    other = opened(1)
    Shard.objects.filter(run=other).update(sent_at=timezone.now() - timedelta(seconds=30))
    assert [ledger.should_yield(hand.held.lease, run.pk) for hand in hands] == [False, True]
    ledger.give_back(hands[1].held)
    Hand(other, 0, "here:2")
    assert not ledger.should_yield(hands[0].held.lease, run.pk)
    assert Result.objects.filter(run=other).exists()
    assert CrawlOptions().shards is None
