"""Why a result or its test is called flaky: which attempts and runs differ although nothing did between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runs import insight, states
from runs.models import Attempt, Result, TestHistory
from runs.report import Diagnosis

MOST = 5


@dataclass(frozen=True)
class Why:
    """`failed` and `passed` are numbers of attempts in this run; the others are results of other runs, newest first.

    `retried` passed only on a retry, `alone` failed between passes of the same build: the flips that made the score.
    `other` says that this result failed in another way than those, so that its failure is not one of them.
    """

    failed: Sequence[int]
    passed: int | None
    retried: Sequence[Result]
    alone: Sequence[Result]
    other: bool


def why(
    result: Result, attempts: Sequence[Attempt], known: TestHistory | None, diagnosis: Diagnosis | None
) -> Why | None:
    """None where nothing is called flaky. Queries once, and only where the test's history says so."""
    here = result.status == states.FLAKY
    if not here and not (known and known.is_flaky):
        return None
    found = insight.flakiness(known.outcomes if known and known.is_flaky else [])
    retried, alone = ([run for run in flips if run != result.run_id][:MOST] for flips in (found.retried, found.alone))
    # The history is of the test; a person is shown the runs of this row of its data.
    rows = Result.objects.filter(test=result.test_id, row_index=result.row_index, run__in=[*retried, *alone])
    by_run = (
        {row.run_id: row for row in rows.select_related("run").defer("document", "proposal")} if found.flips else {}
    )
    return Why(
        [attempt.number for attempt in attempts if not attempt.passed] if here else [],
        next((attempt.number for attempt in attempts if attempt.passed), None) if here else None,
        [by_run[run] for run in retried if run in by_run],
        [by_run[run] for run in alone if run in by_run],
        other=diagnosis is not None and diagnosis.standing != "flaky",
    )
