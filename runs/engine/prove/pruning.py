"""Steps that change nothing, and what becomes of places in a test when steps are left out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Step

MOST_TRIES = 2


def prunable(touched: Touched) -> list[int]:
    """Places of steps after which the page was the same as before, and that sent nothing; the last ones first."""
    idle = [act.index for act in touched.acts if act.kind.prunable and not act.changed]
    return sorted(idle, reverse=True)[:MOST_TRIES]


def without(index: int, gone: Collection[int]) -> int:
    """The place of a step once others are left out."""
    return index - sum(1 for other in gone if other < index)


def shifted(touched: Touched, gone: Collection[int], steps: Sequence[Step]) -> Touched:
    """What was touched, in the places of a document without some of its steps."""
    return replace(
        touched,
        steps=steps,
        expectations=frozenset(index for index, step in enumerate(steps) if step.role == "expect"),
        calls=tuple(replace(call, step=without(call.step, gone)) for call in touched.calls),
        acts=tuple(replace(act, index=without(act.index, gone)) for act in touched.acts if act.index not in gone),
    )
