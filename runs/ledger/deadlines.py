"""How the minutes of a crawl are shared out among its stages."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from runs import planning, states
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


def in_words(run: Run) -> str:
    """How a crawl's minutes are shared out; nothing where they have no limit."""
    minutes: float | None = run.options.get("max_minutes")
    if run.kind != "crawl" or minutes is None:
        return ""
    until = {stage: f"{minutes * part:.3g}" for stage, (part, _) in planning.SHARES.items()}
    if run.stage != states.CRAWL:
        return f"Of {minutes:g} minutes, proofs are begun for {until[states.PROVE]}."
    visits, trying, proofs = (until[stage] for stage in (states.CRAWL, states.OBSERVE, states.PROVE))
    return f"Of {minutes:g} minutes, pages are visited for {visits}, trying ends by {trying}, proving by {proofs}."


def _left(run: Run, share: planning.Share) -> float | None:
    minutes: float | None = run.options.get("max_minutes")
    part = share(run.stage)
    if run.kind != "crawl" or minutes is None or part is None or run.started_at is None:
        return None
    over = run.started_at + timedelta(minutes=minutes * part)
    return max(0.0, (over - timezone.now()).total_seconds())
