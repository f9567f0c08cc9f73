"""Steps that change nothing. Pure."""

from __future__ import annotations

from runs.engine.prove.touched import Touched

MOST_TRIES = 2


def prunable(touched: Touched) -> list[int]:
    """Ids of steps after which the page was the same as before, and that sent nothing; the last ones first."""
    idle = [act.step_id for act in touched.acts if act.kind.prunable and not act.changed]
    return sorted(idle, reverse=True)[:MOST_TRIES]
