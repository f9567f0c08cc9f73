from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import BrowserContext
from runs.engine.prove.mutations.base import Mutation, MutationEffect
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Subject

THROW = "addEventListener('DOMContentLoaded', () => { throw new TypeError('undefined is not a function'); });"


@dataclass(frozen=True)
class ThrownError(Mutation):
    """A script of the page throws. It can be seen only by a test that reads the console."""

    kind: ClassVar[str] = "thrown_error"
    challenges: ClassVar[frozenset[Subject]] = frozenset({"console"})

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        for step_id in sorted(touched.expectations):
            if touched.steps[step_id].about == "console":
                yield cls("A script of the page throws an error", aimed_at=step_id)
                return

    async def prepare(self, context: BrowserContext, effect: MutationEffect) -> None:
        # It runs in every document of the context, so it has struck wherever a page is there.
        await context.add_init_script(THROW)
        effect.hits += 1
