from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from projects.models import Test
from runs import gates, heartbeats, ledger, reading, states
from runs.engine.events import AttemptEnded, Failure, Proposal, Proved, TestStarted
from runs.models import Attempt, Lease, Run
from runs.worker import ShardWorker
from tests.ledger.conftest import Hand, planned
from tests.ledger.test_crash_points import dies, silent, whole
from tests.ledger.test_crawling import next_page, visit

Open = Callable[..., Run]
SEE = {"do": "expect_visible", "target": {"role": "heading", "name": "Shop"}}
NOTICED = {"kind": "error_status", "what": "GET / answers 500", "noticed": True, "by": "Expect to see heading"}
MISSED = {"kind": "changed_text", "what": "“Shop” says something else", "noticed": False, "by": ""}


def proposal(number: int, page: str = "/") -> Proposal:
    return Proposal(
        title=f"Test {number}",
        family="page",
        document={"title": "x", "kind": "ui", "start": page, "steps": [SEE]},
        template=page,
        page_url=f"http://shop.test{page}",
        signature=f"{number:064d}",
        why="seen on 1 page",
    )


def proving(run: Run, *proposals: Proposal) -> Hand:
    hand = Hand(run)
    visit(hand, next_page(hand))
    planned(hand)
    assert ledger.take_stage(hand.held, "propose")
    ledger.keep_proposals(hand.held, proposals or [proposal(number) for number in range(2)])
    return hand


def proof(**more: Any) -> dict[str, Any]:
    found = {"replays": 3, "passed": 3, "checks": ["Expect to see heading “Shop”"], "breakages": [NOTICED, MISSED]}
    counts = {"ineffective": 1, "noticed": 1, "effective": 2, "dropped": [], "added": [], "pruned": [], "broken": 3}
    return {**found, **counts, **more}


def proved(work: Any, *, passed: bool = True, replays: int = 3, **more: Any) -> list[Any]:
    failure = None if passed else Failure(kind="expectation", message="Expected heading “Cart”, found none.")
    first = work.attempts_before + 1
    events: list[Any] = []
    for number in range(first, first + replays):
        good = passed or number < first + replays - 1
        events += [TestStarted(work.result, number), AttemptEnded(work.result, number, good, 1_700_000_000.0, 20, ())]
    document = {**work.document, "steps": [*work.document["steps"], {"do": "expect_url", "path": "/"}]}
    outcome: Any = "passed" if passed else "failed"
    count = replays if passed else replays - 1
    told = proof(**{"passed": count, **more})
    return [*events, Proved(work.result, outcome, first + replays - 1, 400, document, told, failure)]


def finished(run: Run) -> Run:
    run.refresh_from_db()
    ledger.close(run.pk, gates.judge(reading.report(run)))
    run.refresh_from_db()
    return run


def score(hand: Hand) -> None:
    assert ledger.take_stage(hand.held, "score")
    ledger.keep_tests(hand.held)


def test_a_worker_renews_its_lease_while_it_compares_what_was_proved(crawl: Open) -> None:
    hand = proving(crawl(), *(proposal(number, f"/{number}") for number in range(6)))
    while (work := hand.claim()) is not None:
        ledger.record(hand.held, proved(work))
    worker, lease = ShardWorker(hand.held), Lease.objects.filter(pk=hand.held.lease)
    worker.ticked = worker.renewed = worker.renewed - 60
    soon = timezone.now() + timedelta(seconds=1)
    lease.update(expires_at=soon)
    try:
        assert worker.score(Run.objects.get(pk=hand.held.run))
    finally:
        heartbeats.idle()
    assert lease.get().expires_at > soon
    assert Test.objects.count() == 6


def test_a_lease_that_is_lost_while_it_compares_merges_nothing(crawl: Open) -> None:
    hand = proving(crawl())
    while (work := hand.claim()) is not None:
        ledger.record(hand.held, proved(work))
    assert ledger.take_stage(hand.held, "score")
    asked: list[int] = []

    def beat() -> None:
        asked.append(1)
        if len(asked) == 3:
            ledger.forfeit(hand.held)

    with pytest.raises(ledger.StaleLease):
        ledger.keep_tests(hand.held, beat)
    assert len(asked) > 3
    assert Test.objects.count() == 2


def test_whether_a_proposal_may_write_is_told_to_whoever_proves_it(crawl: Open) -> None:
    hand = proving(crawl(), proposal(1), proposal(2).model_copy(update={"writes": True}))
    works = ledger.claim(hand.held, 0, 2).works
    assert [(work.title, work.writes, work.retries) for work in works] == [("Test 1", False, 0), ("Test 2", True, 0)]


def test_a_proof_is_stored_with_what_is_left_of_the_test(crawl: Open) -> None:
    run = crawl()
    hand = proving(run)
    work = hand.claim()
    assert (work.replays, work.retries) == (3, 0)
    ledger.record(hand.held, proved(work))
    result = run.results.get(pk=work.result)
    assert (result.status, result.attempt_count, result.retries, result.duration_ms) == ("passed", 3, 0, 400)
    assert result.document is not None
    assert [step["do"] for step in result.document["steps"]] == ["expect_visible", "expect_url"]
    assert result.proof is not None
    assert result.proof["breakages"] == [NOTICED, MISSED]
    assert Attempt.objects.filter(result=result).count() == 3


def test_proved_tests_wait_for_review_with_a_score_and_the_others_are_rejected_with_the_reason(crawl: Open) -> None:
    run = crawl()
    hand = proving(run)
    ledger.record(hand.held, proved(hand.claim()))
    ledger.record(hand.held, proved(hand.claim(), passed=False, replays=2, breakages=[], noticed=0, effective=0))
    run.refresh_from_db()
    assert run.stage == states.SCORE
    score(hand)
    run = finished(run)
    assert (run.status, run.verdict) == ("completed", "passed")
    kept, rejected = Test.objects.order_by("pk")
    assert (kept.review_status, rejected.review_status) == ("draft", "rejected")
    assert kept.score == sum(kept.evidence["score_parts"].values())
    assert kept.evidence["breakages"] == [NOTICED, MISSED]
    assert (kept.evidence["replays"], kept.evidence["passed"], kept.evidence["merged"]) == (3, 3, [])
    assert kept.document["steps"][-1]["do"] == "expect_url"
    assert rejected.reason == "Replay 2 of 3 failed: Expected heading “Cart”, found none."
    assert rejected.score is None
    assert run.pipeline["prove"] == {"proved": 1, "rejected": 1, "breakages": 2, "noticed": 1}
    assert run.pipeline["score"] == {"kept": 1, "rejected": 1, "merged": 0}


def test_a_rejected_test_can_be_rescued(crawl: Open) -> None:
    run = crawl()
    hand = proving(run, proposal(1))
    ledger.record(hand.held, proved(hand.claim(), passed=False))
    score(hand)
    test = Test.objects.get()
    test.decide("restore", None)
    assert test.review_status == "draft"


def test_tests_of_one_page_that_notice_the_same_are_merged_into_the_one_that_checks_more(crawl: Open) -> None:
    run = crawl()
    hand = proving(run, proposal(1), proposal(2), proposal(3, "/other"))
    more = ["Expect to see heading “Shop”", "Expect the address to be /"]
    for checks in (more[:1], more, more[:1]):
        ledger.record(hand.held, proved(hand.claim(), checks=checks))
    score(hand)
    assert list(Test.objects.order_by("pk").values_list("title", "evidence__merged")) == [
        ("Test 2", ["Test 1"]),
        ("Test 3", []),
    ]
    assert Run.objects.get().pipeline["score"] == {"kept": 2, "rejected": 0, "merged": 1}


def test_scoring_that_dies_is_done_again_and_merges_nothing_twice(crawl: Open) -> None:
    run = crawl(shards=2)
    hand = proving(run)
    for _ in range(2):
        ledger.record(hand.held, proved(hand.claim()))
    assert ledger.take_stage(hand.held, "score")
    with dies():
        ledger.keep_tests(hand.held)
    assert Test.objects.count() == 2
    silent()
    ledger.sweep()
    other = Hand(run, 1)
    score(other)
    with pytest.raises(ledger.StaleLease):
        ledger.keep_tests(hand.held)
    with pytest.raises(ledger.StaleLease):
        ledger.keep_tests(other.held)
    assert Test.objects.count() == 1
    whole(run, passed=2)
    assert run.status == states.JUDGING


def test_only_one_lease_scores(crawl: Open) -> None:
    run = crawl(shards=2)
    hand = proving(run)
    second = Hand(run, 1)
    while work := hand.claim():
        ledger.record(hand.held, proved(work))
    assert ledger.take_stage(hand.held, "score")
    assert not ledger.take_stage(second.held, "score")
    with pytest.raises(ledger.StaleLease):
        ledger.keep_tests(second.held)
    assert Test.objects.count() == 2


def test_a_worker_killed_during_a_proof_loses_nothing_and_its_late_proof_is_refused(crawl: Open) -> None:
    run = crawl()
    dead = proving(run)
    first, second = dead.claim(), dead.claim()
    ledger.record(dead.held, proved(first))
    ledger.record(dead.held, proved(second)[:2])
    silent()
    ledger.sweep()
    with pytest.raises(ledger.StaleLease):
        ledger.record(dead.held, proved(second)[2:])
    alive = Hand(run)
    again = alive.claim()
    assert (again.result, again.attempts_before) == (second.result, 1)
    ledger.record(alive.held, proved(again))
    whole(run, passed=2)
    assert run.stage == states.SCORE
    assert list(Attempt.objects.filter(result=second.result).values_list("number", flat=True)) == [1, 2, 3, 4]


def test_a_worker_that_finds_no_proof_left_stays_for_those_that_the_other_one_may_lose(crawl: Open) -> None:
    run = crawl(shards=2)
    dying, staying = proving(run), Hand(run, 1)
    dying.claim()
    ledger.record(staying.held, proved(staying.claim()))
    assert ledger.claim_proofs(staying.held) == ledger.Claim((), True)
    ledger.forfeit(dying.held)
    work = ledger.claim_proofs(staying.held).work
    assert work is not None
    ledger.record(staying.held, proved(work))
    assert ledger.claim_proofs(staying.held) == ledger.Claim((), False)
    score(staying)
    whole(run, passed=2)


def test_a_proof_of_a_result_in_other_hands_is_refused_and_the_rest_of_its_group_is_kept(crawl: Open) -> None:
    run = crawl(shards=2)
    hand = proving(run)
    mine, other = hand.claim(), Hand(run, 1).claim()
    refused = ledger.record(hand.held, [*proved(mine), *proved(other)[-1:]])
    assert [event.result for event in refused if isinstance(event, Proved)] == [other.result]
    assert run.results.tally()["passed"] == 1


def test_what_is_known_already_is_not_kept_twice(crawl: Open) -> None:
    for _ in range(2):
        run = crawl()
        hand = proving(run, proposal(1))
        ledger.record(hand.held, proved(hand.claim()))
        score(hand)
        finished(run)
    assert Test.objects.count() == 1


def test_what_was_merged_into_a_test_or_deleted_by_a_person_is_not_kept_again(crawl: Open) -> None:
    first = crawl()
    hand = proving(first, proposal(1), proposal(2))
    while work := hand.claim():
        ledger.record(hand.held, proved(work))
    score(hand)
    finished(first)
    test = Test.objects.get()
    assert test.evidence["merged_signatures"] == [proposal(2).signature]
    assert reading.known_signatures(first) == {proposal(1).signature, proposal(2).signature}
    test.delete_softly()
    again = crawl()
    hand = proving(again, proposal(1), proposal(2), proposal(3, "/other"))
    assert reading.known_signatures(again) == {proposal(1).signature, proposal(2).signature}
    while work := hand.claim():
        ledger.record(hand.held, proved(work))
    score(hand)
    assert list(Test.objects.alive().values_list("title", flat=True)) == ["Test 3"]


def test_estimates_of_proofs_count_replays_and_breakages(crawl: Open) -> None:
    few, many = crawl(replays=1, max_breakages=0), crawl(replays=3, max_breakages=12)
    estimates = []
    for run in (few, many):
        proving(run, proposal(1))
        estimates.append(run.results.get().estimate_ms)
    assert estimates[1] > 4 * estimates[0]
