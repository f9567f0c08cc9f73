"""Tries of sign-ins: asked for on a page, carried out by a worker, looked at, and soon forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from runs import heartbeats, queue, states
from runs.engine.events import Event, Log, SignInTried, StepEnded
from runs.ledger import rows
from runs.ledger.entrusted import Uses
from runs.ledger.opening import RunRequest, check_request, snapshot
from runs.ledger.work import shift, shift_one
from runs.models import Trial

KEPT = 10
# Signing in takes a minute, and waiting for a one-time code up to five more.
LOST_AFTER = timedelta(minutes=7)
LOST = "The worker that tried it was lost; try it again."


def open_trial(request: RunRequest, role: str) -> Trial:
    """A queued try of a sign-in. Older ones of the project go.

    Raises Refused(project_missing, secret_elsewhere).
    """
    check_request(request)
    with transaction.atomic():
        trial = Trial.objects.create(
            project=request.project,
            environment=request.environment,
            role=role,
            site=snapshot(request, Uses.of_crawl([role])),
            asked_by=request.actor,
        )
        old = Trial.objects.filter(project=request.project).order_by("-pk").values_list("pk", flat=True)[KEPT:]
        Trial.objects.filter(pk__in=list(old)).delete()
        queue.send("trial", trial.pk)
    return trial


def begin_trial(number: int) -> Trial | None:
    """The try, which is this worker's now; None where it was begun or is gone."""
    queued = Trial.objects.filter(pk=number)
    # Of several workers with the message one moves the row. There is no lease: nobody takes a try over.
    mine = shift(queued, "begin", started_at=timezone.now(), worker=heartbeats.worker_name())
    return Trial.objects.filter(pk=number).first() if mine else None


def record_trial(number: int, events: Sequence[Event]) -> None:
    """Adds what was done to a try that is under way."""
    with transaction.atomic():
        trial = Trial.objects.select_for_update().filter(pk=number, status=states.RUNNING).first()
        if trial is None:
            return
        for event in events:
            if isinstance(event, StepEnded):
                trial.steps = [*trial.steps, rows.storable(event.step.model_dump(include={"sentence", "duration_ms"}))]
            elif isinstance(event, SignInTried):
                ended = {"picture": event.picture, "error": rows.storable(event.problem[:2000])}
                shift_one(trial, "fail" if event.problem else "pass", finished_at=timezone.now(), **ended)
            elif isinstance(event, Log):
                trial.steps = [*trial.steps, {"sentence": rows.storable(event.message), "duration_ms": 0}]
        trial.save(update_fields=["steps"])


def fail_trial(number: int, problem: str) -> None:
    """Ends a try that could not be carried out, unless it has ended."""
    shift(Trial.objects.filter(pk=number), "fail", error=rows.storable(problem[:2000]), finished_at=timezone.now())


def settle_lost_trial(number: int) -> None:
    """Ends a try whose worker is not heard of any more, or that takes longer than signing in may."""
    now = timezone.now()
    unheard = Q(started_at__lt=now - heartbeats.GONE) & ~Q(worker__in=heartbeats.living().values("name"))
    lost = Trial.objects.filter(unheard | Q(started_at__lt=now - LOST_AFTER), pk=number, status=states.RUNNING)
    shift(lost, "fail", error=LOST, finished_at=timezone.now())
