"""Which state is this: what a visit showed, as one that was met before or as a new one."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from runs import states
from runs.engine.events import PageVisited
from runs.models import CrawlPage, Run


@dataclass(frozen=True, slots=True)
class Identity:
    """The name of what is shown, and the row that showed it first, if another did."""

    state: str
    same_as: int | None


def identify(run: Run, page: CrawlPage, event: PageVisited) -> Identity:
    """Equal address and equal template are one state."""
    state = sha256(f"{event.final_key} {event.snapshot.template}".encode()).hexdigest()[:32]
    if run.options.get("mode") != "states":
        return Identity(state, None)
    known = CrawlPage.objects.filter(run=run, state=state, status=states.DONE).exclude(pk=page.pk).order_by("pk")
    return Identity(state, known.values_list("pk", flat=True).first())
