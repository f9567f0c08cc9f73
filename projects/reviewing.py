"""How a test is reviewed, as a table. Pure."""

from __future__ import annotations

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
