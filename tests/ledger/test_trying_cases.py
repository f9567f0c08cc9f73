"""The stages between crawling and proving: planned once, claimed by all shards, observed once, whoever dies."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pydantic import SecretStr

from projects.models import UsedCode
from runs import heartbeats, ledger, reading, states
from runs.drive import Loop
from runs.engine.browser import ClaimCode
from runs.engine.events import CaseObserved, Log
from runs.models import Lease, Run
from runs.worker import STAGES, ShardWorker
from tests.ledger.conftest import Hand, case, numbers, planned, story
from tests.ledger.test_crawling import next_page, proposal, visit

Open = Callable[..., Run]
pytestmark = pytest.mark.database


class Death(Exception):
    """The process is gone."""


def crawled(crawl: Open, shards: int = 1) -> list[Hand]:
    """A crawl whose only page is visited, with a worker at each shard."""
    run = crawl(shards=shards)
    hands = [Hand(run, index, f"here:{index}") for index in range(shards)]
    visit(hands[0], next_page(hands[0]))
    return hands


def run_of(hand: Hand) -> Run:
    return Run.objects.get(pk=hand.held.run)


def observe(hand: Hand, work: Any, deeper: tuple[dict[str, Any], ...] = (), problem: str = "") -> None:
    outcome = {"case": work.work, "problem": problem}
    ledger.record(hand.held, [CaseObserved(work.case, outcome, deeper, problem)])


def claim(hand: Hand, wanted: int = 1) -> list[Any]:
    return list(ledger.claim_cases(hand.held, wanted).works)


def lost(hand: Hand) -> None:
    Lease.objects.filter(pk=hand.held.lease).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ledger.lose(hand.held.lease)


def test_what_is_tried_is_planned_once_and_shared_by_all_shards(crawl: Open) -> None:
    first, second = crawled(crawl, shards=2)
    planned(first, 5)
    run = run_of(first)
    assert (run.stage, run.pipeline["plan"]["cases"], run.survey) == ("observe", 5, {"account": False})
    works = [*claim(first, 2), *claim(second, 2), *claim(first, 2)]
    assert [work.work["key"] for work in works] == [f"page {number}" for number in range(5)]
    assert ledger.claim_cases(second.held, 1) == ledger.Claim((), True)
    for work in works[:2] + works[4:]:
        observe(first, work)
    for work in works[2:4]:
        observe(second, work)
    run = run_of(first)
    assert run.stage == states.PROPOSE
    assert run.pipeline["observe"] == {"done": 5, "failed": 0, "total": 5}
    assert numbers(run) == list(range(1, run.last_seq + 1))


def test_a_case_that_leads_on_brings_new_ones_each_once(crawl: Open) -> None:
    (hand,) = crawled(crawl)
    planned(hand, 2)
    one, other = claim(hand, 2)
    observe(hand, one, deeper=(case(7), case(1)))
    observe(hand, other, deeper=(case(7),))
    (further,) = claim(hand, 5)
    assert further.work["key"] == "page 7"
    assert run_of(hand).stage == states.OBSERVE
    observe(hand, further)
    assert run_of(hand).stage == states.PROPOSE
    assert len(reading.observations(hand.held.run)) == 3


def test_a_worker_renews_its_lease_while_it_proposes(crawl: Open) -> None:
    (hand,) = crawled(crawl)
    planned(hand)
    worker, lease = ShardWorker(hand.held), Lease.objects.filter(pk=hand.held.lease)
    worker.ticked = worker.renewed = worker.renewed - 60
    soon = timezone.now() + timedelta(seconds=1)
    lease.update(expires_at=soon)
    try:
        assert worker.propose(run_of(hand))
    finally:
        heartbeats.idle()
    assert run_of(hand).pipeline["propose"]["proposed"] == 0
    assert lease.get().expires_at > soon


def test_what_could_not_be_carried_out_is_counted_and_the_crawl_goes_on(crawl: Open) -> None:
    (hand,) = crawled(crawl)
    planned(hand, 2)
    one, other = claim(hand, 2)
    observe(hand, one, problem="There is no button “Fly”.")
    observe(hand, other)
    run = run_of(hand)
    assert run.pipeline["observe"] == {"done": 1, "failed": 1, "total": 2}
    assert run.cases.get(status="failed").error == "There is no button “Fly”."
    assert run.stage == states.PROPOSE


def test_a_second_telling_and_a_late_one_change_nothing(crawl: Open) -> None:
    first, second = crawled(crawl, shards=2)
    planned(first, 2)
    (work,) = claim(first)
    observe(first, work)
    observe(first, work, problem="again")
    observe(second, work, problem="not mine")
    assert run_of(first).cases.tally()["done"] == 1
    (other,) = claim(first)
    lost(first)
    with pytest.raises(ledger.StaleLease):
        observe(first, other)


def test_a_worker_that_dies_while_it_plans_leaves_the_plan_to_another(crawl: Open) -> None:
    first, second = crawled(crawl, shards=2)
    with suppress(Death), transaction.atomic():
        planned(first, 3)
        raise Death
    assert ledger.take_stage(first.held, "plan")
    assert not ledger.take_stage(second.held, "plan")
    lost(first)
    planned(second, 3)
    assert run_of(second).cases.count() == 3
    with pytest.raises(ledger.StaleLease):
        ledger.keep_plan(first.held, {}, [case(9)], {})
    assert run_of(second).cases.count() == 3


def test_cases_of_a_lost_worker_are_tried_again_and_none_twice(crawl: Open) -> None:
    first, second = crawled(crawl, shards=2)
    planned(first, 3)
    done, _taken = claim(first, 2)
    observe(first, done)
    lost(first)
    (taken,) = claim(second, 5)
    assert taken.work["key"] == "page 1", "what was lost with a worker is tried again alone"
    observe(second, taken)
    (other,) = claim(second, 5)
    assert other.work["key"] == "page 2"
    observe(second, other)
    assert run_of(second).stage == states.PROPOSE
    assert run_of(second).cases.tally()["done"] == 3


def test_a_case_under_which_two_workers_were_lost_is_given_up(crawl: Open) -> None:
    first, second = crawled(crawl, shards=2)
    planned(first, 1)
    claim(first)
    lost(first)
    claim(second)
    lost(second)
    run = run_of(first)
    assert run.cases.get().error == "It crashed the worker twice."
    assert run.stage == states.PROPOSE
    assert run.pipeline["observe"] == {"done": 0, "failed": 1, "total": 1}


def test_a_shard_without_work_is_called_for_each_stage(crawl: Open) -> None:
    (hand,) = crawled(crawl)
    run = run_of(hand)
    ledger.give_back(hand.held)
    for stage in ("plan", "observe", "propose", "score"):
        assert [one.run for one in ledger.waiting()] == [run.pk], stage
        held = Hand(run)
        if stage == "plan":
            planned(held, 1)
        elif stage == "observe":
            observe(held, *claim(held))
        elif stage == "propose":
            assert ledger.take_stage(held.held, "propose")
            ledger.keep_proposals(held.held, [])
        else:
            assert ledger.take_stage(held.held, "score")
            ledger.keep_tests(held.held)
        ledger.give_back(held.held)
    assert ledger.waiting() == []


def test_each_stage_is_counted_and_told(crawl: Open) -> None:
    (hand,) = crawled(crawl)
    planned(hand, 1)
    observe(hand, *claim(hand))
    assert ledger.take_stage(hand.held, "propose")
    counted = {"drafts": 4, "duplicates": 1, "known": 1}
    ledger.keep_proposals(hand.held, [proposal(1), proposal(2)], counted, [Log("info", "Tried 1 thing.")])
    run = run_of(hand)
    assert run.pipeline == {
        "plan": {"pages": 1, "templates": 1, "skipped_unchanged": 0, "cases": 1},
        "observe": {"done": 1, "failed": 0, "total": 1},
        "propose": {"drafts": 4, "duplicates": 1, "known": 1, "proposed": 2},
    }
    told = story(run)
    assert told.count("stage") == 4
    assert told.count("case") == 2
    assert run.events.filter(type="log", data__message="Tried 1 thing.").exists()


def test_an_abort_leaves_no_case_open(crawl: Open) -> None:
    (hand,) = crawled(crawl)
    planned(hand, 2)
    claim(hand)
    ledger.abort(hand.held.run, "Ada")
    assert set(run_of(hand).cases.values_list("status", flat=True)) == {"skipped"}


def test_a_code_that_the_engine_asks_for_is_claimed_for_all_workers(
    crawl: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hand,) = crawled(crawl)
    planned(hand, 1)
    worker = ShardWorker(hand.held)
    said: list[bool] = []

    async def signing_in(*_given: Any, claim_code: ClaimCode) -> AsyncIterator[bool]:
        for window in (7, 7, 8):
            yield await claim_code(SecretStr("GEZDGNBVGY3TQOJQ"), window)

    monkeypatch.setitem(Loop.current().kept, "browser", None)
    monkeypatch.setattr("runs.worker.observe", signing_in)
    monkeypatch.setattr(worker, "record", said.extend)
    assert worker.observe(run_of(hand))
    assert said == [True, False, True]
    assert UsedCode.objects.get().window == 8


def test_what_a_worker_did_in_a_stage_is_shown_until_the_stage_is_over(
    crawl: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    [hand] = crawled(crawl)
    shown: list[str] = []

    def plans(_: ShardWorker, run: Run) -> bool:
        heartbeats.busy(run.pk, 0, "plans what to try")
        shown.extend(entry["title"] for entry in heartbeats.board.shown())
        return True

    monkeypatch.setitem(STAGES, states.PLAN, plans)
    assert ShardWorker(hand.held)._carried_out(run_of(hand))
    assert shown == ["plans what to try"]
    assert heartbeats.board.shown() == []
