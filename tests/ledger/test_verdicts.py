"""What judging a run reads, keeps, and reads back."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from projects.models import Project, Test
from runs import gates, ledger, reading
from runs.engine.events import AttemptEnded, Failure, TestEnded, TestStarted
from runs.engine.plan import RunOptions
from runs.models import Run
from runs.report import Cause
from tests.ledger.conftest import Hand

Order = Callable[..., ledger.RunRequest]
Open = Callable[..., Run]

STEPS = [
    {"do": "goto", "path": "/cart"},
    {"do": "click", "target": {"role": "button", "name": "Pay", "within": {"role": "main"}}},
    {"do": "request", "method": "POST", "path": "/api/orders/17"},
]
GONE = Failure(kind="not_found", message='There is no button "Pay" in main after 5.0 s', step=1)


def seen(path: str, status: int = 200, kind: str = "document", method: str = "GET") -> dict[str, Any]:
    failed = str(status) if status >= 400 else None
    return {"method": method, "url": f"http://shop.test{path}", "type": kind, "status": status, "failed": failed}


def end(hand: Hand, failure: Failure | None, *requests: Any, attempts: int = 1) -> int:
    number: int = hand.claim().result
    for attempt in range(1, attempts + 1):
        last = attempt == attempts
        why = failure if last else Failure(kind="timeout", message="An earlier attempt", step=0)
        told = requests if last else (seen("/earlier", 500),)
        ended = AttemptEnded(number, attempt, why is None, 1_700_000_000.0, 20, (), why, requests=told)
        ledger.record(hand.held, [TestStarted(number, attempt), ended])
    outcome = "failed" if failure else "passed"
    ledger.record(hand.held, [TestEnded(number, outcome, attempts, 20, failure)])  # type: ignore[arg-type]
    return number


@pytest.fixture
def run(project: Project, order: Order) -> Callable[[int], Run]:
    def make(number: int, **fields: Any) -> Run:
        tests = []
        for index in range(number):
            document = {"title": f"Test {index}", "kind": "ui", "steps": STEPS}
            tests.append(Test.propose(project, title=f"Test {index}", document=document, **fields))
            tests[-1].decide("approve", None)
        return ledger.open_test_run(order(), RunOptions(), tests)

    return make


def test_a_failure_is_told_with_the_element_and_the_page_of_its_last_attempt(run: Callable[..., Run]) -> None:
    queued = run(2)
    hand = Hand(queued)
    end(hand, GONE, seen("/cart"), seen("/checkout/123"), seen("/api/x", 404, "fetch"), attempts=3)
    end(hand, Failure(kind="expectation", message="Expected status below 400, but the answer was 503", step=2))
    first, second = reading.report(queued).failures
    assert (first.step, first.target, first.page) == ("click", 'button "Pay" in main', "/checkout/:id")
    assert [(request.method, request.status) for request in first.requests] == [("GET", 404)]
    assert (first.retries, first.host) == (2, "shop.test")
    assert (second.step, second.target, second.page) == ("request", "POST /api/orders/:id", "/cart")


def test_a_page_has_the_name_of_its_template_while_the_test_is_still_on_it(run: Callable[..., Run]) -> None:
    queued = run(2, template="cart", page_url="http://shop.test/cart")
    hand = Hand(queued)
    end(hand, GONE, seen("/cart"))
    end(hand, GONE, seen("/cart"), seen("/thanks"))
    assert [failure.page for failure in reading.report(queued).failures] == ["cart", "/thanks"]


def test_what_passing_tests_see_go_wrong_is_no_cause(run: Callable[..., Run]) -> None:
    queued = run(3)
    hand = Hand(queued)
    ads = seen("/api/ads", 500, "fetch")
    end(hand, GONE, ads)
    assert [cause.label for cause in reading.causes(queued)] == ["GET /api/ads answers 500"]
    end(hand, None, ads)
    assert [cause.label for cause in reading.causes(queued)] == ["button “Pay” in main is gone"]


def test_R18_what_was_judged_is_stored_with_the_end_and_read_back(run: Callable[..., Run]) -> None:
    queued = run(3)
    project = queued.project
    project.quality_gates, project.web_vitals_budgets = {"max_failures": 0}, {"lcp": 100}
    project.save()
    hand = Hand(queued)
    end(hand, GONE)
    end(hand, GONE)
    end(hand, None)
    queued.results.filter(status="passed").update(vitals={"lcp": {"value": 120.0, "path": "/cart"}})
    queued.refresh_from_db()
    judgement = gates.judge(reading.report(queued))
    assert [cause.size for cause in judgement.causes] == [2]
    ledger.close(queued.pk, judgement)
    ended = Run.objects.get(pk=queued.pk)
    report = reading.report(ended)
    assert (ended.verdict, report.causes, report.vitals) == ("failed", judgement.causes, judgement.vitals)
    assert report.gates == judgement.gates
    assert reading.causes(ended) == judgement.causes


def test_R18_a_late_finalizer_leaves_the_first_ones_causes(opened: Open) -> None:
    queued = opened(1)
    Hand(queued).work_off("failed")
    queued.refresh_from_db()
    judgement = gates.judge(reading.report(queued))
    ledger.close(queued.pk, judgement)
    with pytest.raises(ledger.StaleLease):
        ledger.close(queued.pk, replace(judgement, causes=(), verdict="passed"))
    ended = Run.objects.get(pk=queued.pk)
    assert (ended.verdict, len(ended.causes)) == ("failed", 1)


def test_of_many_causes_the_hundred_largest_are_stored_with_their_first_results(opened: Open) -> None:
    queued = opened(1)
    Hand(queued).work_off("failed")
    queued.refresh_from_db()
    many = tuple(range(900))
    causes = tuple(Cause(f"{n}", "L", "k", "p", "e", many, tuple(f"TC-{m}" for m in many), 900) for n in range(300))
    ledger.close(queued.pk, replace(gates.judge(reading.report(queued)), causes=causes))
    stored = Run.objects.get(pk=queued.pk).causes
    assert [cause["signature"] for cause in stored] == [f"{n}" for n in range(100)]
    assert {(len(cause["results"]), len(cause["tests"]), cause["size"]) for cause in stored} == {(50, 50, 900)}


def test_a_run_that_was_aborted_has_causes_and_no_verdict(run: Callable[..., Run]) -> None:
    queued = run(2)
    end(Hand(queued), GONE)
    ledger.abort(queued.pk, "Ada")
    ended = Run.objects.get(pk=queued.pk)
    report = reading.report(ended)
    assert (report.verdict, report.gates, report.vitals, ended.causes) == ("", (), None, [])
    assert [cause.label for cause in report.causes] == ["button “Pay” in main is gone"]
    assert report.skips == {"aborted": 1}


def test_a_poisonous_test_that_left_no_attempt_is_a_crash(opened: Open) -> None:
    queued = opened(1)
    queued.results.update(
        status="failed", error="The test crashed the worker twice.", error_kind="crash", finished_at=queued.created_at
    )
    (cause,) = reading.causes(queued)
    assert (cause.label, cause.category) == ("The test crashed the worker twice.", "crash")


def test_a_report_takes_as_many_queries_for_many_failures_as_for_few(
    run: Callable[..., Run], django_assert_max_num_queries: Callable[..., AbstractContextManager[object]]
) -> None:
    queued = run(40)
    hand = Hand(queued)
    for _ in range(40):
        end(hand, GONE, seen("/cart"))
    queued.refresh_from_db()
    with django_assert_max_num_queries(14):
        assert len(reading.report(queued).failures) == 40
