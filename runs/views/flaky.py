"""Why a result or its test is called flaky: which attempts and runs differ although nothing did between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from runs import states
from runs.models import Attempt, Result, TestHistory

MOST = 5


@dataclass(frozen=True)
class Why:
    """`failed` and `passed` are numbers of attempts in this run; the others are results of other runs, newest first.

    `retried` passed only on a retry, `alone` failed between runs that passed.
    """

    failed: Sequence[int]
    passed: int | None
    retried: Sequence[Result]
    alone: Sequence[Result]


def why(result: Result, attempts: Sequence[Attempt], known: TestHistory | None) -> Why | None:
    """None where nothing is called flaky. Queries once, and only where the test's history says so."""
    here = result.status == states.FLAKY
    if not here and not (known and known.is_flaky):
        return None
    outcomes = known.outcomes if known and known.is_flaky else []
    outcomes = [one for one in outcomes if one["run"] != result.run_id and one["version"] == outcomes[0]["version"]]
    retried = [one["run"] for one in outcomes if one["status"] == states.FLAKY][:MOST]
    alone = _alone(outcomes)[:MOST]
    rows = Result.objects.filter(test=result.test_id, row_index=result.row_index, run__in=[*retried, *alone])
    found = {row.run_id: row for row in rows.select_related("run").defer("document", "proposal")} if outcomes else {}
    return Why(
        [one.number for one in attempts if not one.passed] if here else [],
        next((one.number for one in attempts if one.passed), None) if here else None,
        [found[run] for run in retried if run in found],
        [found[run] for run in alone if run in found],
    )


def _alone(outcomes: Sequence[Mapping[str, Any]]) -> list[int]:
    """Runs in which it failed while it passed in the runs beside."""
    neighbours = zip(pairwise(outcomes), outcomes[2:], strict=False)
    return [
        middle["run"]
        for (newer, middle), older in neighbours
        if middle["status"] == states.FAILED and states.FAILED not in (newer["status"], older["status"])
    ]
