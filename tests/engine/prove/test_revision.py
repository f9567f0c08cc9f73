from __future__ import annotations

from typing import Any

from runs.engine.execute.attempt import OPENING
from runs.engine.prove.revision import Revision

PROPOSAL = {
    "title": "T",
    "steps": [
        {"do": "click", "target": {"text": "Go"}},
        {"do": "expect_url", "path": "/"},
        {"do": "expect_visible", "target": {"text": "There"}},
    ],
}
MORE: dict[str, Any] = {"do": "expect_visible", "target": {"text": "More"}}


def test_a_step_keeps_its_id_when_others_are_left_out_and_added() -> None:
    revision = Revision.of_proposal(PROPOSAL).without({1}).with_added({3: MORE})
    assert [revision.id_at(place) for place in range(3)] == [0, 2, 3]
    assert [step.sentence() for step in revision.document.steps] == [
        revision.steps[step].sentence() for step in (0, 2, 3)
    ]
    assert revision.expectations == [2, 3]
    assert revision.json == {**PROPOSAL, "steps": [PROPOSAL["steps"][0], PROPOSAL["steps"][2], MORE]}
    assert revision.id_at(OPENING) == OPENING
