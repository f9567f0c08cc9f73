from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import Page
from runs.engine.prove.mutations.base import Mutation, MutationEffect, in_words
from runs.engine.prove.mutations.swallowing import count_swallowed, release, swallow
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Stage, Subject


@dataclass(frozen=True)
class SwallowedSubmit(Mutation):
    """Sending a form does nothing: it is neither checked nor sent."""

    kind: ClassVar[str] = "swallowed_submit"
    challenges: ClassVar[frozenset[Subject]] = frozenset({"address", "absence"})
    of_act_alone: ClassVar[bool] = True

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        for act in reversed(touched.acts):
            if act.sends_form and act.target is not None and not act.target.frame:
                what = f"Sending the form with {in_words(act.target)} does nothing"
                yield cls(what, frozenset({act.step_id}), touched.holds(act.step_id))

    async def strike(self, stage: Stage, effect: MutationEffect) -> None:
        # A form is sent by its button or by Enter, and a script may listen to either: the first event comes to nothing.
        await swallow(stage, "click", "submit", "keydown")

    async def after(self, page: Page, effect: MutationEffect) -> None:
        effect.hits += await count_swallowed(page)

    async def release(self, page: Page) -> None:
        await release(page)
