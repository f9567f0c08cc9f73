"""What the stages of a crawl counted, where the live page finds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from runs import states
from runs.ledger.story import Line, tell
from runs.ledger.work import shift
from runs.models import Case, Run

FRONTIER = "frontier"
MOST_LASTING = 100
POISONED = "It crashed the worker twice."


def count(run: Run, stage: str, counted: dict[str, Any]) -> None:
    """Keeps what a stage of a locked run counted so far."""
    run.pipeline = {**run.pipeline, stage: counted}
    run.save(update_fields=["pipeline"])


def note_cut(run: Run) -> None:
    """Remembers of a locked run that more was found than its frontier may hold, so that not everything is visited."""
    count(run, FRONTIER, {**run.pipeline.get(FRONTIER, {}), "cut": True})


def is_cut(run: Run) -> bool:
    return "cut" in run.pipeline.get(FRONTIER, {})


def note_lasting(run: Run, troubles: Sequence[str]) -> None:
    """Remembers of a locked run what the site answers however often it is asked."""
    known = lasting(run)
    news = [trouble for trouble in troubles if trouble not in known]
    if news:
        count(run, FRONTIER, {**run.pipeline.get(FRONTIER, {}), "lasting": [*known, *news][:MOST_LASTING]})


def lasting(run: Run) -> list[str]:
    found: list[str] = run.pipeline.get(FRONTIER, {}).get("lasting", [])
    return found


def count_cases(run: Run) -> list[Line]:
    """Counts the cases of a locked run anew, and the line that tells it."""
    tally = run.cases.tally()
    counted = {name: tally[name] for name in (states.DONE, states.FAILED, "total")}
    count(run, states.OBSERVE, counted)
    return [("case", counted)]


def fail_poisonous(run: Run, cases: QuerySet[Case], problem: str = "") -> int:
    """Gives up cases under which workers were lost again and again; how many."""
    error = f"{POISONED} {problem}".rstrip()
    failed = shift(cases, "fail", error=error, observed_at=timezone.now())
    if failed and run.status == states.RUNNING:
        tell(run, count_cases(run))
    return failed
