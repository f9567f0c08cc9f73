"""The step with which a person begins who adds one of a kind. Pure."""

from __future__ import annotations

import copy
from typing import Any

from runs.engine.steps import STEPS

BEGINNINGS: dict[str, Any] = {"target": {"role": "button", "name": ""}, "path": "/"}
"""What a required part is at first, where it is no empty text."""


def new_step(kind: str) -> dict[str, Any]:
    """A step of a kind with all that a row of it needs, still to be filled."""
    fields = STEPS[kind].model_fields.items()
    needed = {name: BEGINNINGS.get(name, "") for name, info in fields if info.is_required() and name != "do"}
    # `blank` belongs to the class, and what is made of it is filled in.
    return copy.deepcopy({"do": kind, **needed, **STEPS[kind].blank})


def kinds() -> list[tuple[str, list[tuple[str, str]]]]:
    """All kinds by what they are for, each with its name in words."""
    doing: list[tuple[str, str]] = []
    expecting: list[tuple[str, str]] = []
    for name, kind in STEPS.items():
        group = expecting if kind.role == "expect" else doing
        group.append((name, kind.label or name.replace("_", " ").capitalize()))
    return [("Do", doing), ("Expect", expecting)]
