"""Runs of a project that is to be deleted: none goes on out of everybody's reach."""

from __future__ import annotations

from projects.models import Project
from runs.ledger.ending import abort
from runs.ledger.refusals import Refused
from runs.models import Run

NAMED = 5


def release(project: Project, actor_name: str, *, abort_runs: bool) -> None:
    """Aborts the living runs of a locked project where that is asked for; else raises Refused(runs_working)."""
    living = list(Run.objects.living().filter(project=project).order_by("pk"))
    if living and not abort_runs:
        shown = ", ".join(run.public_id for run in living[:NAMED])
        more = f" and {len(living) - NAMED} more" if len(living) > NAMED else ""
        raise Refused(
            "runs_working",
            f"{project.name} has runs that are not over: {shown}{more}. Wait for their end, or abort and delete it.",
        )
    for run in living:
        # In the lock order: the caller holds the project, `abort` locks each run.
        abort(run.pk, actor_name)
