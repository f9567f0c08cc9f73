"""Approval by score: what a crawl has proved well enough need not wait for a person, where the project says so."""

from __future__ import annotations

from django.db import transaction

from projects.models import Activity, Test
from runs.ledger.story import tell
from runs.models import Run

BY = "the score"


def approve_by_score(run: Run) -> int:
    """Approves the proved drafts of a locked crawl from the project's threshold on; how many. May be repeated."""
    least = run.project.auto_approve_score
    if least is None:
        return 0
    with transaction.atomic():
        drafts = Test.objects.waiting().filter(crawl_run=run.pk)
        waiting = drafts.count()
        count = len(drafts.approve_by_score(least).tests)
        if count:
            detail = f"{count} of {waiting} drafts are proved with a score of {least} or more"
            tell(run, [("log", {"level": "info", "message": f"Approved by score: {detail}."})])
            Activity.objects.create(
                project_id=run.project_id, actor_name=BY, verb="tests approved", subject=run.public_id, detail=detail
            )
    return count
