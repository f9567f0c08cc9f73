"""Ends of runs and turns of deliveries, as tests need them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django_q.models import OrmQ

from projects.models import Channel, Project
from runs import gates, ledger, reading
from runs.models import Delivery, Run
from tests.ledger.conftest import Hand


def channel(project: Project, kind: str = "webhook", **fields: Any) -> Channel:
    made = {"name": f"{kind} {Channel.objects.count()}", "when": "always", **fields}
    return Channel.objects.create(project=project, kind=kind, **made)


def finish(run: Run, outcome: str = "passed") -> Run:
    Hand(run).work_off(outcome)
    run.refresh_from_db()
    ledger.close(run.pk, gates.judge(reading.report(run)))
    run.refresh_from_db()
    return run


def kinds(run: Run) -> list[str]:
    return [row.kind for row in run.deliveries.all()]


def messages() -> list[int]:
    return [row.args()[0] for row in OrmQ.objects.all() if row.func() == "runs.tasks.deliver"]


def outcome(sent: bool = True, **fields: Any) -> ledger.DeliveryOutcome:
    return ledger.DeliveryOutcome(sent, fields.pop("detail", "It answered."), 12, **fields)


def due(row: Delivery) -> None:
    Delivery.objects.filter(pk=row.pk).update(next_try_at=timezone.now() - timedelta(seconds=1))


def lost(row: Delivery) -> None:
    """As if the worker that holds it had been killed a while ago."""
    Delivery.objects.filter(pk=row.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))


def queued_before(seconds: int) -> None:
    """As if what is owed had been queued that long ago."""
    then = timezone.now() - timedelta(seconds=seconds)
    Delivery.objects.update(queued_at=then, next_try_at=then)


def fail_once(row: Delivery, **fields: Any) -> Delivery:
    due(row)
    taken = ledger.take_delivery(row.pk)
    assert taken is not None
    ledger.settle_delivery(taken, outcome(False, **{"detail": "It answered 500.", **fields}))
    row.refresh_from_db()
    return row
