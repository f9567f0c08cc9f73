"""The run's story: events numbered without gaps under the run's lock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from runs import live
from runs.ledger import rows, statements
from runs.models import Run, RunEvent

Line = tuple[str, dict[str, Any]]


def locked(run_id: int) -> Run:
    """The run under its row lock, without what no verb decides by; every verb that writes begins here."""
    return statements.run_under_lock(run_id)


def tell(run: Run, lines: Iterable[Line]) -> None:
    """Adds lines to a locked run's story and rings its bell."""
    now = timezone.now()
    # Numbered under the run's lock: PostgreSQL gives global ids before commits are ordered, and a reader who follows
    # those misses rows (decision 2).
    events = [(run.pk, seq, kind, data, now) for seq, (kind, data) in enumerate(lines, start=run.last_seq + 1)]
    if not events:
        return
    rows.insert(RunEvent, ("run_id", "seq", "type", "data", "at"), events)
    run.last_seq += len(events)
    statements.set_last_seq(run.pk, run.last_seq)
    live.ring(run.pk, run.last_seq)
