"""How the minutes of a crawl are shared out among its stages."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from runs import planning
from runs.models import Run


def seconds_left(run: Run) -> float | None:
    """Of the time in which the run's stage may begin something; None where there is no limit, 0 where it is over."""
    return _left(run, planning.begins_until)


def seconds_to_end(run: Run) -> float | None:
    """Of the time after which the run's stage is stopped, whatever it is at."""
    return _left(run, planning.ends_by)


def is_late(run: Run) -> bool:
    """Whether the run's stage may begin nothing more."""
    return seconds_left(run) == 0.0


def _left(run: Run, share: planning.Share) -> float | None:
    minutes: float | None = run.options.get("max_minutes")
    part = share(run.stage)
    if run.kind != "crawl" or minutes is None or part is None or run.started_at is None:
        return None
    over = run.started_at + timedelta(minutes=minutes * part)
    return max(0.0, (over - timezone.now()).total_seconds())
