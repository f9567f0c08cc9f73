"""Why a queued run waits, in words."""

from __future__ import annotations

from collections.abc import Collection

from projects.models import Project
from runs import heartbeats, ledger, states
from runs.models import Run


def nobody_takes_runs() -> str:
    """Why no run at all is taken; nothing where some worker could."""
    if not heartbeats.living().exists():
        return "no worker is there"
    return "no worker has a browser" if heartbeats.nobody_is_fit() else ""


def reason(run: Run, turns: Collection[int]) -> str:
    """Why this one is not taken; `turns` are the runs whose turn it could be."""
    return "waits for a worker" if run.pk in turns else _held_back(run.project)


def _held_back(project: Project) -> str:
    return f"waits for other runs of its project, of which {project.max_concurrent_runs} at most are under way at once"


def of_run(run: Run) -> str:
    """The reason and what is ahead of it; nothing for a run that does not wait."""
    if run.status != states.QUEUED:
        return ""
    why = nobody_takes_runs() or reason(run, {turn.run for turn in ledger.waiting()})
    ahead = ledger.ahead_of(run)
    named = ", ".join(ahead[:5]) + (f" and {len(ahead) - 5} more" if len(ahead) > 5 else "")
    return f"In the queue: {why}" + (f" ({named})" if ahead else "")
