"""The run's story: events numbered without gaps under the run's lock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from runs import live
from runs.models import Run, RunEvent

Line = tuple[str, dict[str, Any]]


def locked(run_id: int) -> Run:
    """The run under its row lock; every verb that writes begins here."""
    return Run.objects.select_for_update(of=("self",)).get(pk=run_id)


def tell(run: Run, lines: Iterable[Line]) -> None:
    """Adds lines to a locked run's story and rings its bell."""
    now = timezone.now()
    rows = [
        RunEvent(run=run, seq=run.last_seq + number, type=kind, data=data, at=now)
        for number, (kind, data) in enumerate(lines, start=1)
    ]
    if not rows:
        return
    RunEvent.objects.bulk_create(rows)
    run.last_seq += len(rows)
    Run.objects.filter(pk=run.pk).update(last_seq=run.last_seq)
    live.ring(run.pk, run.last_seq)
