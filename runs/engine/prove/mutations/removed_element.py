from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.plan import Target
from runs.engine.prove.mutations.base import Mutation, MutationEffect, in_words, on_elements
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Stage

REMOVE = "const strike = (elements) => { elements.forEach(element => element.remove()); return elements.length; };"


@dataclass(frozen=True)
class RemovedElement(Mutation):
    """An element that a step uses is not on the page: one that is pressed or filled, or one that is looked at."""

    kind: ClassVar[str] = "removed_element"
    of_page_alone: ClassVar[bool] = True
    target: Target | None = None

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        return _elements(touched)

    async def strike(self, stage: Stage, effect: MutationEffect) -> None:
        if self.target is not None:
            effect.hits += await on_elements(stage, self.target, REMOVE)


def _elements(touched: Touched) -> Iterator[Mutation]:
    """An entry of a list is left where it is: the next one would take its place."""
    for step_id, step in touched.steps.items():
        target = step.aim()
        looked_at = step_id in touched.expectations and step.about != "absence"
        # Variables are filled in for steps alone: a target that has some would find nothing here.
        if looked_at and target is not None and target.nth is None and "{{" not in target.model_dump_json():
            yield RemovedElement(
                f"{in_words(target)} is gone", before_steps=frozenset({step_id}), aimed_at=step_id, target=target
            )
    for act in touched.acts:
        if act.target is not None and "{{" not in act.target.model_dump_json():
            yield RemovedElement(
                f"{in_words(act.target)} is gone",
                before_steps=frozenset({act.step_id}),
                holds_writes=touched.holds(act.step_id),
                # All elements like it go, or the next would take its place.
                target=act.target.model_copy(update={"nth": None}),
            )
