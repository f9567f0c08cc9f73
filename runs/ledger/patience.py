"""What the site could not answer is put off: its row is due again later, and what worked then is told as such."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from runs import planning
from runs.ledger import rows
from runs.ledger.deadlines import seconds_left
from runs.ledger.stage_counts import lasting, note_lasting
from runs.ledger.story import Line
from runs.ledger.work import shift_one
from runs.models import Case, CrawlPage, Run

# By how often a row was put off: one word more than there are waits in `planning.again`.
TIMES = ("", "once", "twice", "three times")


def due(now: datetime | None = None) -> Q:
    """Rows that are not put off until later."""
    return Q(not_before=None) | Q(not_before__lte=now or timezone.now())


def put_off(run: Run, row: CrawlPage | Case, why: str, retry_after: float | None = None, **fields: Any) -> bool:
    """Puts a running page or case off, where it may be asked again in the time that is left; whether it was.

    What it could not answer stays beside it until it can: `fields`.
    """
    wait = planning.wait_seconds(row.tries, retry_after, seconds_left(run))
    if wait is None:
        return False
    kept = {"error": rows.storable(why[:1000]), **fields}
    not_before = timezone.now() + timedelta(seconds=wait)
    shift_one(row, "put_off", tries=row.tries + 1, lease=None, not_before=not_before, **kept)
    return True


def unusual(run: Run, troubles: Sequence[str]) -> str:
    """Those of the site's troubles that may pass, in a sentence; those that lasted elsewhere are what the site is."""
    news = [trouble for trouble in troubles if trouble not in lasting(run)]
    return f"{'; '.join(news)}." if news else ""


def settled(run: Run, row: CrawlPage | Case, what: str, troubles: Sequence[str] = ()) -> list[Line]:
    """After a row was asked again and is over: what lasted is remembered, what has passed is told."""
    if not row.tries:
        return []
    if troubles:
        note_lasting(run, troubles)
        return []
    message = f"{what} worked when it was asked again: {TIMES[row.tries]} it did not. {row.error}"
    return [("log", {"level": "warning", "message": rows.storable(message[:1000])})]
