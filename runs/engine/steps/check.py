from __future__ import annotations

from typing import ClassVar, Literal

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import FIELD, Blank, Gesture, Stage, Step


class Check(Step):
    """Tick a box or choose a radio button; nothing happens when it is ticked already."""

    do: Literal["check"]
    target: Target

    gesture: ClassVar[Gesture] = "entering"
    estimate_ms: ClassVar[float] = 80
    blank: ClassVar[Blank] = FIELD

    async def run(self, stage: Stage) -> None:
        await stage.locate(self.target).check(timeout=stage.timeout_ms)

    def sentence(self) -> str:
        return f"Tick the {describe(self.target)}"
