"""A drill is worth what it notices: each fault that it looks for is planted here."""

import json
import signal
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from runs import gates, ledger, reading
from runs.management.drill.drilling import DrillReport
from runs.management.drill.faults import FAULTS, WEIGHTS
from runs.management.drill.findings import Findings, look
from runs.management.drill.outside import CONTROL, Receiver
from runs.management.drill.spinning import SPIN, rehearse
from runs.models import Attempt, Delivery, Result, Run, RunEvent
from tests.ledger.conftest import Hand, crawl, opened, order, project, tests

__all__ = ["crawl", "opened", "order", "project", "tests"]
TESTS = 3


@pytest.fixture
def ended(opened: Callable[..., Run]) -> Run:
    """A run that came to its right end, told to everybody."""
    run = opened(TESTS, callback_url="http://ci.test/done")
    hand = Hand(run)
    hand.work_off()
    ledger.finish(hand.held)
    ledger.close(run.pk, gates.judge(reading.report(Run.objects.get(pk=run.pk))))
    Delivery.objects.create(
        run=run, kind="webhook", occasion="ended", key=f"{run.public_id}:webhook:ended", next_try_at=timezone.now()
    )
    Delivery.objects.update(state="sent", settled_at=timezone.now())
    run.refresh_from_db()
    return run


def told(run: Run) -> Receiver:
    receiver = Receiver()
    for row in Delivery.objects.filter(run=run).exclude(kind="feedback"):
        receiver.keys[row.key] = 1
        receiver.bodies[row.key] = {"status": run.status}
    return receiver


def seen(run: Run, receiver: Receiver | None = None) -> dict[str, int]:
    """The numbers that are not 0."""
    found: Findings = look([run.pk], TESTS, receiver or told(run))
    assert len(found.sentences) == 0 or not found.clean
    return {name: number for name, number in found.numbers.items() if number}


def test_a_run_that_came_to_its_right_end_has_nothing_to_find(ended: Run) -> None:
    assert seen(ended) == {}


def test_a_living_run_is_stuck(opened: Callable[..., Run]) -> None:
    run = opened(TESTS)
    Hand(run)
    assert seen(run) == {"stuck": 1}


def line(run: Run, kind: str, **data: Any) -> None:
    last = RunEvent.objects.filter(run=run).order_by("-seq")[0].seq
    RunEvent.objects.create(run=run, seq=last + 1, type=kind, data=data, at=timezone.now())


def test_a_result_told_twice_is_doubled_and_a_story_after_its_end_is_noticed(ended: Run) -> None:
    line(ended, "result", result=ended.results.all()[0].pk)
    assert seen(ended) == {"doubled": 1, "gaps": 1}


def test_a_second_end_is_noticed(ended: Run) -> None:
    line(ended, "done")
    assert seen(ended) == {"ended_twice": 1}


def test_a_missing_number_is_a_gap(ended: Run) -> None:
    RunEvent.objects.filter(run=ended, seq=2).delete()
    assert seen(ended) == {"gaps": 1}


def test_a_missing_result_is_lost(ended: Run) -> None:
    ended.results.all()[0].delete()
    assert seen(ended) == {"lost": 1}


def test_a_test_executed_again_after_it_was_recorded_is_doubled(ended: Run) -> None:
    result = ended.results.all()[0]
    Attempt.objects.create(
        result=result, number=2, passed=True, started_at=timezone.now() + timedelta(seconds=5), duration_ms=1
    )
    assert seen(ended) == {"doubled": 1}


def test_a_failure_of_a_test_that_passes_is_wrong(ended: Run) -> None:
    Result.objects.filter(run=ended, position=0).update(status="failed", error="It was not there.")
    assert seen(ended) == {"wrong": 1}


def test_effects_that_are_missing_doubled_or_wrong_are_noticed(ended: Run) -> None:
    receiver = told(ended)
    key = f"{ended.public_id}:callback:ended"
    receiver.bodies[key] = {"status": "aborted"}
    assert seen(ended, receiver) == {"wrong": 1}
    del receiver.keys[key]
    assert seen(ended, receiver) == {"effects_missed": 1}
    Delivery.objects.filter(kind="webhook").update(state="owed", settled_at=None)
    assert seen(ended) == {"effects_missed": 1}
    Delivery.objects.filter(kind="webhook").delete()
    assert seen(ended) == {"effects_missed": 1}
    Delivery.objects.filter(kind="callback").update(kind="webhook")
    assert seen(ended) == {"effects_missed": 1}


def test_every_fault_has_a_weight() -> None:
    assert set(WEIGHTS) == set(FAULTS)


def test_a_report_is_one_line_of_JSON() -> None:
    report = DrillReport(7, rounds=2, faults=Counter({"worker spins": 2}), ended=Counter({"completed passed": 4}))
    report.findings.add("lost", 1, "RUN-1 lost a result")
    told = json.loads(json.dumps(report.plain))
    assert told["faults"] == {"worker spins": 2}
    assert told["ended"] == {"completed passed": 4}
    assert (told["seed"], told["findings"]["lost"], told["findings"]["stuck"]) == (7, 1, 0)


def test_workers_of_a_drill_alone_can_be_made_to_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(SPIN)
    monkeypatch.delenv(CONTROL, raising=False)
    rehearse()
    assert signal.getsignal(SPIN) is before
    assert {"worker spins", "worker spins in a transaction"} <= FAULTS.keys()
