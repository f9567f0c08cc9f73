from __future__ import annotations

from typing import ClassVar, Literal

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import FIELD, Blank, Gesture, Stage, Step


class Uncheck(Step):
    """Take the tick off a box; nothing happens when it has none."""

    do: Literal["uncheck"]
    target: Target

    gesture: ClassVar[Gesture] = "entering"
    estimate_ms: ClassVar[float] = 80
    blank: ClassVar[Blank] = FIELD

    async def run(self, stage: Stage) -> None:
        await stage.locate(self.target).uncheck(timeout=stage.timeout_ms)

    def sentence(self) -> str:
        return f"Untick the {describe(self.target)}"
