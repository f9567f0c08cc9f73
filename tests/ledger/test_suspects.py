"""What takes a worker with it fails alone: not its neighbours, not its stage's crawl, not its run."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from runs import gates, ledger, reading, states, tasks
from runs.engine.events import Link
from runs.models import Lease, Result, Run, Shard
from tests.ledger.conftest import Hand, planned
from tests.ledger.test_crash_points import silent, whole
from tests.ledger.test_crawling import next_page, visit
from tests.ledger.test_scoring import proved, proving

Open = Callable[..., Run]
BROKE = "Sentri broke while it worked on this run: TypeError: of our own making"


def lost(hand: Hand) -> None:
    silent()
    assert ledger.lose(hand.held.lease)


def claimed(hand: Hand, wanted: int) -> list[Any]:
    return list(ledger.claim(hand.held, 2, wanted).works)


def worked_off_but(run: Run, poison: set[int], parallel: int) -> int:
    """Plays workers of so many contexts until the run is judged; how many of them the poisonous positions hung."""
    died = 0
    positions = dict(run.results.values_list("pk", "position"))
    while Run.objects.get(pk=run.pk).status == states.RUNNING and died < 40:
        hand = Hand(run)
        while works := claimed(hand, parallel):
            if any(positions[work.result] in poison for work in works):
                died += 1
                lost(hand)
                ledger.take_from_hung(hand.held.worker)
                break
            for work in works:
                hand.play(work)
        else:
            ledger.finish(hand.held)
    return died


def start(run: Run) -> Run:
    ledger.finish(Hand(run).held)
    return run


def test_R13_the_neighbours_of_a_test_that_crashed_a_worker_are_repeated_alone_and_pass(opened: Open) -> None:
    run = opened(4)
    first = Hand(run)
    together = [work.result for work in claimed(first, 3)]
    assert len(together) == 3
    lost(first)
    second = Hand(run)
    [alone] = claimed(second, 3)
    assert alone.result == together[0]
    assert claimed(second, 3) == [], "nothing is begun beside it"
    lost(second)
    assert Result.objects.get(pk=alone.result).error_kind == "crash"
    assert Hand(run).work_off() == 3
    whole(run, passed=3, failed=1)


def test_what_was_lost_once_is_not_begun_beside_others(opened: Open) -> None:
    run = opened(4, shards=2)
    lost_one, other = Hand(run, 0), Hand(run, 1)
    suspect = lost_one.claim()
    [fresh] = claimed(other, 1)
    lost(lost_one)
    found = claimed(other, 3)
    assert suspect.result not in [work.result for work in found]
    for work in (fresh, *found):
        other.play(work)
    assert [work.result for work in claimed(other, 3)] == [suspect.result]


def test_a_test_that_was_lost_once_is_not_hedged(opened: Open) -> None:
    run = opened(2, shards=2)
    first, second = Hand(run, 0), Hand(run, 1)
    suspect = first.claim()
    second.work_off()
    late = {"estimate_ms": 1, "claimed_at": timezone.now() - timedelta(hours=1)}
    run.results.filter(pk=suspect.result).update(losses=1, **late)
    assert ledger.claim(second.held, 2, hedging=True).works == ()
    run.results.filter(pk=suspect.result).update(losses=0)
    assert len(ledger.claim(second.held, 2, hedging=True).works) == 1


@pytest.mark.parametrize("poison", [{0}, {0, 1}, {3, 4}, {0, 5, 9}])
@pytest.mark.parametrize("parallel", [1, 4])
def test_R13_tests_that_hang_workers_fail_alone_and_the_run_is_judged(
    opened: Open, poison: set[int], parallel: int
) -> None:
    run = start(opened(10))
    assert worked_off_but(run, poison, parallel) <= 3 * len(poison)
    whole(run, passed=10 - len(poison), failed=len(poison))
    assert run.status == states.JUDGING
    assert set(run.results.filter(error_kind="crash").values_list("position", flat=True)) == poison


def test_R13_a_shard_whose_workers_hang_over_nothing_in_particular_fails_the_run(opened: Open) -> None:
    run = opened(4)
    for number in range(3):
        hand = Hand(run, worker=f"here:{number}")
        ledger.take_from_hung(hand.held.worker)
    run.refresh_from_db()
    assert (run.status, run.error_category) == (states.FAILED, "leases_used_up")


def test_a_shard_that_did_something_between_two_losses_has_not_lost_them_in_a_row(opened: Open) -> None:
    run = opened(9)
    for _ in range(4):
        hand = Hand(run)
        hand.play(hand.claim())
        lost(hand)
    assert Shard.objects.get(run=run).leases_lost == 1
    whole(run, passed=4)
    assert run.status == states.RUNNING


def test_pages_that_were_lost_with_a_worker_are_visited_alone(crawl: Open) -> None:
    run = crawl()
    hand = Hand(run)
    links = [Link(url=f"http://shop.test/{n}", key=f"http://shop.test/{n}", group=f"/{n}", priority=1, depth=1)
             for n in range(3)]  # fmt: skip
    visit(hand, next_page(hand), links)
    assert len(ledger.claim_pages(hand.held, 50, 2).works) == 2
    lost(hand)
    hand = Hand(run)
    assert len(ledger.claim_pages(hand.held, 50, 3).works) == 1
    waiting = ledger.claim_pages(hand.held, 50, 3)
    assert (waiting.works, waiting.more) == ((), True)
    lost(hand)
    assert run.pages.get(error_category="crash").error == "The page crashed the worker twice."
    run.refresh_from_db()
    assert run.status == states.RUNNING


@pytest.mark.parametrize(("stage", "then"), [("plan", "observe"), ("propose", "prove")])
def test_R13_a_stage_that_crashes_two_workers_is_given_up_alone(crawl: Open, stage: str, then: str) -> None:
    run = crawl()
    hand = Hand(run)
    visit(hand, next_page(hand))
    if stage == "propose":
        planned(hand)
    for _ in range(2):
        assert Run.objects.get(pk=run.pk).stage == stage
        assert ledger.take_stage(hand.held, stage)
        lost(hand)
        hand = Hand(run)
    run.refresh_from_db()
    order = states.STAGES["crawl"]
    assert order.index(run.stage) >= order.index(then)
    assert run.status == states.RUNNING
    assert run.pipeline[stage] == {"given_up": 1}
    said = [line.data["message"] for line in run.events.filter(type="log")]
    assert any("it crashed the worker twice" in message for message in said)


def test_what_was_proved_is_kept_as_it_is_where_comparing_it_crashes_two_workers(
    crawl: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashes(*_: Any) -> None:
        raise AssertionError("it is not tried a third time")

    run = crawl()
    hand = proving(run)
    for work in claimed(hand, 2):
        ledger.record(hand.held, proved(work))
    for _ in range(2):
        assert ledger.take_stage(hand.held, "score")
        lost(hand)
        hand = Hand(run)
    assert ledger.take_stage(hand.held, "score")
    monkeypatch.setattr("runs.ledger.scoring._weighed", crashes)
    ledger.keep_tests(hand.held)
    run.refresh_from_db()
    assert run.status == states.JUDGING
    assert run.project.tests.filter(review_status="draft").count() == 2
    tasks.judge(run.pk)
    run.refresh_from_db()
    assert run.status == states.COMPLETED


def test_an_internal_error_is_tried_once_more_by_another_worker_before_the_run_fails(opened: Open) -> None:
    run = opened(2)
    OrmQ.objects.all().delete()
    ledger.forfeit(Hand(run).held, BROKE)
    run.refresh_from_db()
    assert (run.status, OrmQ.objects.count()) == (states.RUNNING, 1)
    assert Lease.objects.get().problem == BROKE
    ledger.forfeit(Hand(run).held, BROKE)
    run.refresh_from_db()
    assert (run.status, run.error_category, run.error) == (states.FAILED, "internal", BROKE)


def test_an_internal_error_over_a_test_fails_that_test_alone(opened: Open) -> None:
    run = opened(3)
    for _ in range(2):
        hand = Hand(run)
        hand.claim()
        ledger.forfeit(hand.held, BROKE)
    broken = run.results.get(position=0)
    assert (broken.status, broken.error_kind) == (states.FAILED, "crash")
    assert broken.error == f"The test crashed the worker twice. {BROKE}"
    assert Hand(run).work_off() == 2
    whole(run, passed=2, failed=1)
    ledger.close(run.pk, gates.judge(reading.report(Run.objects.get(pk=run.pk))))


def test_a_worker_that_broke_leaves_the_shard_to_another_and_ends(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = opened(1)
    retired: list[bool] = []

    def breaks(*_: Any) -> None:
        raise TypeError("of our own making")

    monkeypatch.setattr("runs.worker.ShardWorker.work", breaks)
    monkeypatch.setattr("runs.queue.retire", lambda: retired.append(True))
    shard = Shard.objects.get(run=run)
    tasks.shard(shard.pk)
    run.refresh_from_db()
    assert (run.status, retired) == (states.RUNNING, [True])
    tasks.shard(shard.pk)
    run.refresh_from_db()
    assert (run.status, run.error_category) == (states.FAILED, "internal")
    assert "TypeError: of our own making" in run.error


def test_a_browser_that_cannot_be_had_is_looked_for_once_more_and_is_no_tests_fault(opened: Open) -> None:
    run = opened(2)
    hand = Hand(run)
    hand.claim()
    ledger.forfeit(hand.held, "The browser could not be started.", "browser")
    run.refresh_from_db()
    assert run.status == states.RUNNING
    assert set(run.results.values_list("status", "losses")) == {("pending", 0)}
    ledger.forfeit(Hand(run).held, "The browser could not be started.", "browser")
    run.refresh_from_db()
    assert (run.status, run.error_category, run.error) == ("failed", "browser", "The browser could not be started.")
