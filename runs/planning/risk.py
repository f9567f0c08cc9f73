"""How likely a test is to find something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runs import states

EXECUTED = frozenset({states.PASSED, states.FLAKY, states.FAILED})
NEWEST = 10
LATELY = 3
EDIT_FADES_AFTER_DAYS = 14
HEALS_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known about a test. `outcomes` are statuses, newest first; skips among them do not count."""

    outcomes: Sequence[str] = ()
    days_since_edit: int | None = None
    heals: int = 0
    on_changed_page: bool = False
    on_changed_route: bool = False


def risk(signals: Signals) -> float:
    """Points, two decimals; the higher, the sooner it should run."""
    executed = [outcome for outcome in signals.outcomes if outcome in EXECUTED][:NEWEST]
    points = 0.0
    if executed:
        points += 60 * executed.count(states.FAILED) / len(executed)
        points += 20 * (executed[0] == states.FAILED)
    if signals.days_since_edit is not None:
        points += 20 * max(0.0, 1 - max(0, signals.days_since_edit) / EDIT_FADES_AFTER_DAYS)
    points += 2 * min(signals.heals, HEALS_AT_MOST)
    points += 15 * signals.on_changed_page + 10 * signals.on_changed_route
    return round(points, 2)


def failing_lately(outcomes: Sequence[str]) -> bool:
    """Whether one of the newest executed results failed."""
    executed = [outcome for outcome in outcomes if outcome in EXECUTED]
    return states.FAILED in executed[:LATELY]
