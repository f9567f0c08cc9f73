"""What of its project a run says something about."""

from __future__ import annotations

from typing import Any

from runs.models import Run

HOW = {"tests": "chosen by name", "failed": "those that had failed"}


def coverage(run: Run) -> str:
    """How much a test run executes where that is not all, as in: 3 of 98 tests, by tag smoke. Else nothing."""
    if not run.partial:
        return ""
    scope: dict[str, Any] = run.scope
    ways = [f"by tag {', '.join(scope['tags'])}" if scope.get("tags") else HOW.get(scope["by"], "")]
    ways += ["touched by a change" if scope["changed"] else ""]
    ways += [f"within {scope['minutes']:g} minutes" if scope["minutes"] else ""]
    ways += [f"{scope['older']} in an earlier version" if scope.get("older") else ""]
    how = ", ".join(way for way in ways if way)
    return f"{scope['tests']} of {scope['of']} tests{', ' if how else ''}{how}"
