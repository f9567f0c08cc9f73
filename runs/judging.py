"""Computes verdicts and ends runs by them. Computing twice is harmless, ending twice impossible."""

from __future__ import annotations

import logging

from django.db import DatabaseError

from runs import gates, ledger, reading, states
from runs.models import Run

log = logging.getLogger(__name__)


def judge(run_id: int) -> None:
    """Computes the verdict of a run whose results are resolved, and ends it.

    Where the database goes away, the run stays to be judged; where there is no verdict to be had, another worker tries
    once more before it fails and says so.
    """
    run = Run.objects.select_related("project").filter(pk=run_id, status=states.JUDGING).first()
    if run is None:
        return
    try:
        ledger.close(run_id, gates.judge(reading.report(run)))
    except ledger.StaleLease:
        log.info("run was ended by another", extra={"run": run.public_id})
    except DatabaseError:
        log.exception("the database is away; the run is judged again once it is back", extra={"run": run.public_id})
    except Exception as error:
        log.exception("a run cannot be judged", extra={"run": run.public_id})
        problem = f"The verdict of this run could not be computed: {type(error).__name__}: {error}"
        ledger.fail_judging(run_id, problem)
    else:
        log.info("run judged", extra={"run": run.public_id})
