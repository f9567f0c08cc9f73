"""What is proved waits in Review while the crawl still proves, and what a person decided meanwhile is respected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from projects import reviewing
from projects.models import Comment, Test
from runs import ledger, states
from runs.models import Result, Run
from tests.ledger.conftest import Hand
from tests.ledger.test_scoring import proposal, proved, proving, score

Open = Callable[..., Run]


def proof(hand: Hand, *, passed: bool = True) -> Test | None:
    """One proof; the test that it made."""
    [work] = ledger.claim_proofs(hand.held).works
    ledger.record(hand.held, proved(work, passed=passed))
    return Test.objects.filter(results=work.result).first()


def twins(crawl: Open) -> tuple[Hand, Test, Test]:
    """Two proved drafts of which the second says what the first says."""
    hand = proving(crawl(), proposal(1), proposal(2))
    first, second = proof(hand), proof(hand)
    assert first is not None
    assert second is not None
    return hand, first, second


def test_a_proved_proposal_is_a_draft_while_others_are_still_to_be_proved(crawl: Open) -> None:
    run = crawl()
    hand = proving(run, proposal(1, "/a"), proposal(2, "/b"), proposal(3, "/c"))
    test = proof(hand)
    assert test is not None
    assert (test.review_status, test.crawl_run, test.score) == (reviewing.DRAFT, run.pk, test.score)
    assert test.score is not None
    assert test.evidence["passed"] == 3
    assert proof(hand, passed=False) is None
    assert Run.objects.get(pk=run.pk).stage == states.PROVE
    assert Test.objects.waiting().count() == 1


@pytest.mark.parametrize("end", ["abort", "fail"])
def test_a_crawl_that_is_aborted_or_fails_keeps_what_is_proved(crawl: Open, end: str) -> None:
    run = crawl()
    hand = proving(run, proposal(1, "/a"), proposal(2, "/b"))
    proof(hand)
    if end == "abort":
        ledger.abort(run.pk, "Ada")
    else:
        ledger.fail(run.pk, "It broke.", "internal")
    assert Test.objects.waiting().count() == 1


def test_a_draft_is_kept_once_however_often_its_proof_is_told(crawl: Open) -> None:
    hand = proving(crawl(), proposal(1, "/a"), proposal(2, "/b"))
    [work] = ledger.claim_proofs(hand.held).works
    ledger.record(hand.held, proved(work))
    ledger.record(hand.held, proved(work))
    assert Test.objects.count() == 1


def test_what_is_known_by_its_signature_is_not_kept_again(crawl: Open) -> None:
    run = crawl()
    hand = proving(run, proposal(1), proposal(2, "/b"))
    kept: dict[str, Any] = {"title": "It is there", "document": {}, "signature": proposal(1).signature}
    Test.propose(run.project, **kept)
    assert proof(hand) is None
    assert Test.objects.count() == 1


def test_when_all_is_proved_drafts_that_say_the_same_are_one(crawl: Open) -> None:
    hand, first, second = twins(crawl)
    score(hand)
    assert list(Test.objects.values_list("pk", flat=True)) == [first.pk]
    first.refresh_from_db()
    assert first.evidence["merged"] == [second.title]
    assert first.evidence["merged_signatures"] == [second.signature]
    assert Result.objects.filter(test=None).count() == 1


def test_a_draft_that_somebody_approved_edited_or_spoke_about_goes_into_no_other(crawl: Open) -> None:
    for touch in ("approve", "edit", "comment"):
        hand, first, second = twins(crawl)
        if touch == "approve":
            second.decide("approve", None)
        elif touch == "edit":
            second.edit(None, "Mine", second.document)
        else:
            Comment.objects.create(test=second, text="Keep this.")
        score(hand)
        assert set(Test.objects.values_list("pk", flat=True)) == {first.pk, second.pk}, touch
        Test.objects.all().delete()
        ledger.abort(hand.held.run, "Ada")


@pytest.mark.parametrize("gone", ["reject", "delete"])
def test_nothing_goes_into_a_draft_that_somebody_rejected_or_deleted(crawl: Open, gone: str) -> None:
    hand, first, second = twins(crawl)
    if gone == "reject":
        first.decide("reject", None, "No.")
    else:
        first.delete_softly()
    score(hand)
    second.refresh_from_db()
    assert second.review_status == reviewing.DRAFT
    first.refresh_from_db()
    assert (first.review_status == reviewing.REJECTED) == (gone == "reject")
