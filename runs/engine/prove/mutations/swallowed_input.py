from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import Page
from runs.engine.prove.mutations.base import Mutation, MutationEffect, in_words
from runs.engine.prove.mutations.swallowing import count_swallowed, swallow
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Stage, Subject


@dataclass(frozen=True)
class SwallowedInput(Mutation):
    """What is entered last stands in its field, and the page takes no notice of it."""

    kind: ClassVar[str] = "swallowed_input"
    challenges: ClassVar[frozenset[Subject]] = frozenset({"address", "absence"})

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        for act in touched.acts[-1:]:
            enters = act.kind.gesture in ("entering", "keying")
            if enters and act.target is not None and not act.target.frame and not act.sends_form:
                what = f"The page takes no notice of what is entered in {in_words(act.target)}"
                yield cls(what, frozenset({act.step_id}), touched.holds(act.step_id))

    async def strike(self, stage: Stage, effect: MutationEffect) -> None:
        # Lasting, for pages that filter listen to several of these, and the second would make good for the first.
        await swallow(stage, "input", "change", "keyup", lasting=True)

    async def after(self, page: Page, effect: MutationEffect) -> None:
        effect.hits += await count_swallowed(page)
