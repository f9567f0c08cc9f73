"""What the stages of a crawl counted, where the live page finds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runs import states
from runs.ledger.story import Line
from runs.models import Run

FRONTIER = "frontier"
MOST_LASTING = 100


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
    # Counted and never added up, so that what is told twice is not counted twice (R15).
    tally = run.cases.tally()
    counted = {name: tally[name] for name in (states.DONE, states.FAILED, "total")}
    count(run, states.OBSERVE, counted)
    return [("case", counted)]
