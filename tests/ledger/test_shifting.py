from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from runs import states
from runs.ledger.work import MACHINES, born, shift, shift_each, shift_one
from runs.models import CrawlPage, Lease, Result, Run
from tests.ledger.conftest import Hand

Open = Callable[..., Run]


def statuses(run: Run) -> list[str]:
    return list(run.results.order_by("position").values_list("status", flat=True))


def test_every_machine_has_a_model_whose_rows_are_born_in_a_state_of_it() -> None:
    first = {machine: getattr(model(), column) for model, (machine, column) in MACHINES.items()}
    assert first.keys() == states.MACHINES.keys()
    assert all(any(state == source for source, _ in states.MACHINES[machine]) for machine, state in first.items())


def test_only_rows_that_the_trigger_can_leave_are_moved_and_counted(opened: Open, hand: type[Hand]) -> None:
    run = opened(3)
    worker = hand(run)
    worker.play(worker.claim())
    worker.claim()
    skipped = shift(run.results.all(), "skip", skip_reason="aborted", finished_at=timezone.now())
    assert (skipped, statuses(run)) == (2, ["passed", "skipped", "skipped"])


def test_a_move_takes_one_statement(opened: Open, django_assert_num_queries: Any) -> None:
    run = opened(2)
    with django_assert_num_queries(1):
        shift(run.results.all(), "skip", skip_reason="aborted", finished_at=timezone.now())


def test_one_row_is_moved_in_the_database_and_in_hand(opened: Open, hand: type[Hand]) -> None:
    lease = Lease.objects.get(pk=hand(opened(1)).held.lease)
    shift_one(lease, "lose", closed_at=timezone.now(), problem="It broke.")
    kept = Lease.objects.get(pk=lease.pk)
    assert (lease.state, lease.problem) == (kept.state, kept.problem) == ("lost", "It broke.")


def test_one_row_that_was_moved_by_somebody_else_is_left_alone(opened: Open, hand: type[Hand]) -> None:
    lease = Lease.objects.get(pk=hand(opened(1)).held.lease)
    shift(Lease.objects.filter(pk=lease.pk), "lose", closed_at=timezone.now())
    with pytest.raises(states.Impossible, match="A lease that is gone or moved meanwhile cannot finish"):
        shift_one(lease, "finish", closed_at=timezone.now())
    assert (lease.state, Lease.objects.get(pk=lease.pk).state) == ("open", "lost")


def test_rows_with_a_trigger_each_move_together_and_those_that_are_over_stay(
    opened: Open, hand: type[Hand], django_assert_num_queries: Any
) -> None:
    run = opened(4)
    worker = hand(run)
    works = [worker.claim() for _ in range(4)]
    worker.play(works[3])
    triggers = ("pass", "recover", "fail", "fail")
    changes = [(work.result, trigger, timezone.now()) for work, trigger in zip(works, triggers, strict=True)]
    with django_assert_num_queries(1):
        shift_each(Result, ("finished_at",), changes)
    assert statuses(run) == ["passed", "flaky", "failed", "passed"]


def test_no_changes_are_no_statement(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        shift_each(Result, ("finished_at",), [])


def test_a_row_can_be_born_skipped_and_not_resolved_otherwise() -> None:
    assert born(CrawlPage, "skip", skip_reason="near_duplicate") == {
        "status": "skipped",
        "skip_reason": "near_duplicate",
    }
    with pytest.raises(states.Impossible, match="A page that is pending cannot visit"):
        born(CrawlPage, "visit")
