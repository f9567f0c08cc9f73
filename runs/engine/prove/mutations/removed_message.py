from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.plan import Target
from runs.engine.prove.mutations.base import Mutation, MutationEffect, on_elements
from runs.engine.prove.mutations.removed_element import REMOVE
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Stage


@dataclass(frozen=True)
class RemovedMessage(Mutation):
    """The application says nothing about what was done: the message that appeared is not there."""

    kind: ClassVar[str] = "removed_message"
    of_page_alone: ClassVar[bool] = True
    role: str = ""

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        change = touched.change
        for message in change.messages if change else ():
            if message.role:
                yield cls(f"“{message.text[:80]}” is not said", frozenset({touched.final}), role=message.role)

    async def strike(self, stage: Stage, effect: MutationEffect) -> None:
        effect.hits += await on_elements(stage, Target(role=self.role), REMOVE)
