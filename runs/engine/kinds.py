"""What may be asked about a kind of step from anywhere: its traits, see `runs.engine.steps.base.Step`.

The steps, and with them the driver of browsers, are loaded when somebody asks for the first time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runs.engine.steps.base import Step


def kind_named(name: str) -> type[Step]:
    """The kind of a name; of a name that is not known, what all kinds have in common."""
    # Imported at once they would cost every process 0.45 s and 17 MB (decision 48).
    from runs.engine.steps import STEPS
    from runs.engine.steps.base import Step

    return STEPS.get(name, Step)


def kind_of(step: Mapping[str, Any]) -> type[Step]:
    """The kind of a step as it stands in a document."""
    return kind_named(str(step.get("do", "")))


def opening(path: str) -> dict[str, Any]:
    """The step that opens the page with which a test begins; the document does not have it among its steps."""
    from runs.engine.steps.goto import Goto

    return Goto.step(path=path)
