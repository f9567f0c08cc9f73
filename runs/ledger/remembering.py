"""Sessions that workers bring along: kept sealed with the project, beside the run and not in its story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from projects.accounts import keep_session
from runs.engine.events import Event, SignedIn
from runs.models import Run


def remembered(run_id: int, events: Sequence[Event]) -> Sequence[Event]:
    """Keeps the sessions among the events; returns the other events. Of no consequence to the run: no lock is taken."""
    made = [event for event in events if isinstance(event, SignedIn)]
    if not made:
        return events
    place = Run.objects.values_list("project_id", "environment_id").get(pk=run_id)
    for event in made:
        session = asdict(event)
        keep_session(place, session.pop("role"), session.pop("fingerprint"), session)
    return [event for event in events if not isinstance(event, SignedIn)]
