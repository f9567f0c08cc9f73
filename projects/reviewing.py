"""How a test is reviewed, as a table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

DRAFT, APPROVED, REJECTED = "draft", "approved", "rejected"
STATES = {DRAFT: "Draft", APPROVED: "Approved", REJECTED: "Rejected"}

MOVES: dict[tuple[str, str], str] = {
    (DRAFT, "approve"): APPROVED,
    (DRAFT, "reject"): REJECTED,
    (APPROVED, "reject"): REJECTED,
    (APPROVED, "restore"): DRAFT,
    (REJECTED, "restore"): DRAFT,
    (REJECTED, "approve"): APPROVED,
    (APPROVED, "edit"): DRAFT,
    (REJECTED, "edit"): DRAFT,
    (DRAFT, "edit"): DRAFT,
}
ACTIONS = ("approve", "reject", "restore")
LEADS_TO = {action: to for (_, action), to in MOVES.items()}


class ReviewRefused(Exception):
    """The test's review state does not allow the action."""

    def __init__(self, state: str, action: str) -> None:
        super().__init__(f"A test that is {state} cannot be {PAST.get(action, action)}.")
        self.state, self.action = state, action


PAST = {"approve": "approved", "reject": "rejected", "restore": "restored"}


def move(state: str, action: str) -> str:
    """The state after the action. Raises ReviewRefused where the table has no such move."""
    try:
        return MOVES[state, action]
    except KeyError:
        raise ReviewRefused(state, action) from None


def decide(state: str, action: str, by_score: bool = False) -> str:
    """The same for a person, who may also approve what was only approved by its score."""
    return APPROVED if by_score and (state, action) == (APPROVED, "approve") else move(state, action)


def allows(state: str, action: str, by_score: bool = False) -> bool:
    try:
        decide(state, action, by_score)
    except ReviewRefused:
        return False
    return True


@dataclass(frozen=True)
class Decided:
    """What one decision changed and when: the state it led to, and its tests by what they were before.

    `before` holds (state, whether it was approved by score, the reason that a rejection replaced, numbers of tests).
    """

    at: datetime
    to: str
    before: tuple[tuple[str, bool, str, tuple[int, ...]], ...]

    @property
    def tests(self) -> list[int]:
        return sorted(number for *_, numbers in self.before for number in numbers)

    def written(self) -> list[Any]:
        """As JSON."""
        return [self.at.isoformat(), self.to, self.before]

    @classmethod
    def read(cls, written: list[Any]) -> Decided:
        at, to, before = written
        was = tuple((state, bool(score), reason, tuple(ids)) for state, score, reason, ids in before)
        return cls(datetime.fromisoformat(at), to, was)


def proved(evidence: Mapping[str, Any]) -> bool:
    """Whether every clean replay passed and the test noticed at least one way in which the application was broken."""
    replays, passed, noticed = (evidence.get(name) or 0 for name in ("replays", "passed", "noticed"))
    return bool(0 < replays <= passed and noticed > 0)
