"""What an ended run teaches about its tests: the last outcomes of each, once per run."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from runs import states
from runs.models import Result, Run, TestHistory

KEPT = 20
WORST = (states.FAILED, states.FLAKY, states.PASSED)


def learn(run_id: int) -> None:
    """Adds a completed test run to the histories of its tests; a run that is known already is not added again."""
    run = Run.objects.filter(pk=run_id, kind="test", status=states.COMPLETED).first()
    if run is None:
        return
    found: dict[int, Result] = {}
    for result in run.results.filter(status__in=WORST, test__isnull=False).defer("document"):
        known = found.get(result.test_id or 0)
        if known is None or WORST.index(result.status) < WORST.index(known.status):
            found[result.test_id or 0] = result
    with transaction.atomic():
        for test_id, result in sorted(found.items()):
            _add(run, test_id, result)


def _add(run: Run, test_id: int, result: Result) -> None:
    where: dict[str, Any] = {"test_id": test_id, "environment": run.environment, "browser": run.options["browser"]}
    TestHistory.objects.get_or_create(**where)
    history = TestHistory.objects.select_for_update(of=("self",)).get(**where)
    if any(outcome["run"] == run.public_id for outcome in history.outcomes):
        return
    said = {"run": run.public_id, "status": result.status, "retries": result.retries, "version": result.version}
    history.outcomes = [said, *history.outcomes][:KEPT]
    history.save(update_fields=["outcomes", "updated_at"])
