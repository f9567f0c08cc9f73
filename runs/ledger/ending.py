"""Ends runs: one writer, once, first come."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from django.db import transaction

from runs import states
from runs.ledger.moving import LOSSES_OF_A_STAGE, enter
from runs.ledger.refusals import Refused, StaleLease
from runs.ledger.sending import send_judge
from runs.ledger.story import locked, tell
from runs.report import Judgement

# No column holds all results of a run (R8): a stored cause names the first ones and says how many there are.
MOST_CAUSES = 100
MOST_RESULTS = 50


def abort(run_id: int, actor_name: str) -> None:
    """Aborts a living run. Raises Refused(run_over) for an ended one, which stays as it is."""
    with transaction.atomic():
        run = locked(run_id)
        # Beside the columns: the effects of this transaction read it, and nobody after it.
        run.ended_by = actor_name  # type: ignore[attr-defined]
        enter(run, "abort")


def fail(run_id: int, error: str, category: str) -> None:
    """Ends a living run as failed; the first writer's reason stays, later ones change nothing."""
    with transaction.atomic():
        try:
            enter(locked(run_id), "fail", error=error[:1000], error_category=category)
        except Refused:
            return


def fail_judging(run_id: int, problem: str) -> None:
    """The verdict could not be computed: another worker tries it once more, then the run ends as failed."""
    with transaction.atomic():
        run = locked(run_id)
        if run.status != states.JUDGING:
            return
        run.stage_losses += 1
        if run.stage_losses >= LOSSES_OF_A_STAGE:
            enter(run, "fail", error=problem[:1000], error_category="internal")
            return
        run.save(update_fields=["stage_losses"])
        tell(run, [("log", {"level": "error", "message": f"{problem[:900]} Another worker tries once more."})])
        send_judge(run)


def close(run_id: int, judgement: Judgement) -> None:
    """Completes a run that is being judged. Raises StaleLease where another finalizer, or an abort, was first."""
    kept = _kept(judgement)
    with transaction.atomic():
        run = locked(run_id)
        if run.status != states.JUDGING:
            raise StaleLease
        enter(run, "judge", verdict=judgement.verdict, **kept)


def _kept(judgement: Judgement) -> dict[str, Any]:
    """What was judged as columns; the largest causes, each with the first of its results."""
    gates = {
        "passed": all(gate.passed for gate in judgement.gates),
        "rules": [asdict(gate) for gate in judgement.gates],
    }
    shortened = (
        replace(cause, results=cause.results[:MOST_RESULTS], tests=cause.tests[:MOST_RESULTS])
        for cause in judgement.causes[:MOST_CAUSES]
    )
    return {
        "gate_result": gates if judgement.gates else None,
        "vitals_result": asdict(judgement.vitals) if judgement.vitals else None,
        "causes": [asdict(cause) for cause in shortened],
    }
