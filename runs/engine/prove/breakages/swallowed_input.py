from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import Page
from runs.engine.prove.breakages.base import Breakage, Damage, in_words
from runs.engine.prove.breakages.swallowing import count_swallowed, swallow
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Stage

ENTERING = frozenset({"fill", "select", "check", "uncheck", "press"})


@dataclass(frozen=True)
class SwallowedInput(Breakage):
    """What is entered last stands in its field, and the page takes no notice of it."""

    kind: ClassVar[str] = "swallowed_input"
    challenges: ClassVar[frozenset[str]] = frozenset({"expect_url", "expect_hidden"})

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Breakage]:
        for act in touched.acts[-1:]:
            if act.do in ENTERING and act.target is not None and not act.target.frame and not act.sends_form:
                what = f"The page takes no notice of what is entered in {in_words(act.target)}"
                yield cls(what, frozenset({act.index}), touched.holds(act.index))

    async def strike(self, stage: Stage, index: int, damage: Damage) -> None:
        await swallow(stage, "input", "change", "keyup", lasting=True)

    async def after(self, page: Page, damage: Damage) -> None:
        damage.hits += await count_swallowed(page)
