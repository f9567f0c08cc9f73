"""The stages of a run as a strip: what is done, what goes on, what is to come, and what each has counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runs import states
from runs.models import Run
from runs.views.story import ENDS, STAGES

# (singular, plural) of what a stage counts, in the order in which it is told. What is not named here is told as it is.
WORDS: dict[str, dict[str, tuple[str, str]]] = {
    states.PLAN: {
        "cases": ("case", "cases"),
        "total": ("case", "cases"),
        "new": ("new", "new"),
        "changed": ("changed", "changed"),
        "removed": ("removed", "removed"),
    },
    states.OBSERVE: {
        "done": ("case tried", "cases tried"),
        "failed": ("did not work", "did not work"),
        "total": ("case in all", "cases in all"),
    },
    states.PROPOSE: {
        "drafts": ("draft", "drafts"),
        "duplicates": ("duplicate", "duplicates"),
        "known": ("known already", "known already"),
        "proposed": ("proposed", "proposed"),
    },
    states.PROVE: {
        "proved": ("proved", "proved"),
        "rejected": ("not proved", "not proved"),
        "unproved": ("left for want of time", "left for want of time"),
        "breakages": ("breakage", "breakages"),
        "noticed": ("noticed", "noticed"),
    },
    states.SCORE: {
        "kept": ("kept for review", "kept for review"),
        "merged": ("merged", "merged"),
        "rejected": ("rejected", "rejected"),
    },
}
Tallies = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class StageLine:
    """A stage, its state as badges know it, and its counts in words."""

    word: str
    state: str
    counts: tuple[str, ...]


# What the rows of a stage say while it goes on: (state of a row, word), and how many are still to come.
ROWS: dict[str, dict[str, tuple[str, str]]] = {
    states.CRAWL: {states.DONE: ("page visited", "pages visited"), states.FAILED: ("failed", "failed")},
    states.OBSERVE: {states.DONE: ("case tried", "cases tried"), states.FAILED: ("did not work", "did not work")},
    states.PROVE: {states.PASSED: ("proved", "proved"), states.FAILED: ("not proved", "not proved")},
}


def strip_of(run: Run, rows: Tallies) -> list[StageLine]:
    """All stages of the run in order. A stage that has counted nothing yet, or is not known, says nothing.

    `rows` holds the tallies of what stages claim row by row, by stage.
    """
    names = [*states.STAGES[run.kind], states.JUDGING]
    if run.rerun_of_id and states.CRAWL in rows and not rows[states.CRAWL].get("total"):
        names = names[names.index(states.PROVE) :]  # it only proves what another one has left
    at = _place(run, names)
    return [
        StageLine(STAGES.get(name, name).capitalize(), _state(run, place, at), tuple(_counts(run, name, rows)))
        for place, name in enumerate(names)
    ]


def _place(run: Run, names: list[str]) -> int:
    if run.status == states.COMPLETED:
        return len(names)
    at = states.JUDGING if run.status == states.JUDGING else run.stage
    return names.index(at) if at in names else 0


def _state(run: Run, place: int, at: int) -> str:
    if place < at:
        return states.DONE
    if place > at or run.status == states.QUEUED:
        return states.PENDING
    return run.status if run.status in states.TERMINAL else states.RUNNING


def _counts(run: Run, stage: str, rows: Tallies) -> list[str]:
    """What the stage has counted itself; else, and while it goes on, what its rows say."""
    counted, tally = run.pipeline.get(stage), rows.get(stage, {})
    if isinstance(counted, dict) and counted and not _to_go(tally):
        return _in_words(counted, WORDS.get(stage, {}))
    return _of_rows(tally, ROWS[stage]) if stage in ROWS and tally.get("total") else []


def _to_go(tally: Mapping[str, int]) -> int:
    return tally.get(states.PENDING, 0) + tally.get(states.RUNNING, 0)


def _of_rows(tally: Mapping[str, int], words: Mapping[str, tuple[str, str]]) -> list[str]:
    first, failed = (f"{tally[state]:,} {word[tally[state] != 1]}" for state, word in words.items())
    to_go = _to_go(tally)
    return [first, *([failed] if tally[states.FAILED] else []), *([f"{to_go:,} to go"] if to_go else [])]


def _in_words(counted: Mapping[str, Any], words: Mapping[str, tuple[str, str]]) -> list[str]:
    # Not isinstance: True is an int as well, and would be told as 1.
    numbers = {name: number for name, number in counted.items() if type(number) is int}
    names = [name for name in words if name in numbers] + [name for name in numbers if name not in words]
    said = {name: words.get(name, (name.replace("_", " "),) * 2) for name in names}
    worth_telling = [name for at, name in enumerate(names) if numbers[name] or not at]
    return [f"{numbers[name]:,} {said[name][numbers[name] != 1]}" for name in worth_telling]


def end_of(run: Run) -> str:
    """Why a crawl visited no more, in words."""
    return ENDS.get(run.end_reason, "")
