"""The step with which a person begins who adds one of a kind. Pure."""

from __future__ import annotations

import copy
from typing import Any

from runs.engine.steps import STEPS

BEGINNINGS: dict[str, Any] = {"target": {"role": "button", "name": ""}, "path": "/"}
"""What a required part is at first, where it is no empty text."""

NAMES = {"goto": "Go to"}
CONTROL = {"target": {"label": ""}}
SEEN = {"target": {"text": ""}}
# Which of several parts a person means first is what the models cannot say.
CHOSEN: dict[str, dict[str, Any]] = {
    "fill": CONTROL,
    "select": CONTROL,
    "check": CONTROL,
    "uncheck": CONTROL,
    "scroll": {"to": "bottom"},
    "wait_for": SEEN,
    "expect_visible": SEEN,
    "expect_hidden": SEEN,
    "expect_text": {"target": {"role": "status"}, "contains": ""},
    "expect_value": {**CONTROL, "equals": ""},
    "expect_url": {"path": "/"},
    "expect_title": {"contains": ""},
    "expect_count": {"count": 1},
    "save": {**SEEN, "of": "text"},
}


def new_step(kind: str) -> dict[str, Any]:
    """A step of a kind with all that a row of it needs, still to be filled."""
    fields = STEPS[kind].model_fields.items()
    needed = {name: BEGINNINGS.get(name, "") for name, info in fields if info.is_required() and name != "do"}
    return copy.deepcopy({"do": kind, **needed, **CHOSEN.get(kind, {})})


def kinds() -> list[tuple[str, list[tuple[str, str]]]]:
    """All kinds by what they are for, each with its name in words."""
    named = [(kind, NAMES.get(kind, kind.replace("_", " ").capitalize())) for kind in STEPS]
    expecting = [one for one in named if one[0].startswith("expect_")]
    return [("Do", [one for one in named if one not in expecting]), ("Expect", expecting)]
