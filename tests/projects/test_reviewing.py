from itertools import product

import pytest

from projects import reviewing
from projects.reviewing import ReviewRefused, move


@pytest.mark.parametrize(("state", "action"), list(product(reviewing.STATES, (*reviewing.ACTIONS, "edit"))))
def test_every_action_moves_as_the_table_says_or_is_refused(state: str, action: str) -> None:
    if (state, action) in reviewing.MOVES:
        assert move(state, action) in reviewing.STATES
    else:
        with pytest.raises(ReviewRefused, match=f"A test that is {state} cannot be"):
            move(state, action)


def test_an_edited_test_is_a_draft_again() -> None:
    assert {move(state, "edit") for state in reviewing.STATES} == {reviewing.DRAFT}


def test_nothing_is_approved_twice() -> None:
    with pytest.raises(ReviewRefused, match="cannot be approved"):
        move(reviewing.APPROVED, "approve")
