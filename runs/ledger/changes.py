"""What a crawl sent to the application that could have changed something, and what of it was taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils import timezone

from runs.engine.events import Cleaned, Wrote
from runs.ledger import rows
from runs.models import Change, Run

COLUMNS = ("run_id", "page_id", "method", "url", "status", "held_back", "because", "cleaned", "at")


def note(run: Run, wrote: Sequence[Wrote], cleaned: Iterable[Cleaned]) -> None:
    """Stores requests; marks those of an action whose creation was removed again."""
    now = timezone.now()
    known = (
        set(run.pages.filter(pk__in={request.page for request in wrote}).values_list("pk", flat=True))
        if wrote
        else set()
    )
    rows.insert(
        Change,
        COLUMNS,
        [
            (
                run.pk,
                request.page if request.page in known else None,
                request.method[:10],
                request.url[:2000],
                request.status,
                request.held_back,
                request.because[:300],
                False,
                now,
            )
            for request in wrote
        ],
    )
    for cleanup in cleaned:
        mine = Change.objects.filter(run=run, page=cleanup.page, because=cleanup.because[:300], held_back=False)
        mine.update(cleaned=True)
