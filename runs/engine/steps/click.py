from __future__ import annotations

from typing import ClassVar, Literal

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import Gesture, Stage, Step


class Click(Step):
    """Click an element as soon as it can be clicked."""

    do: Literal["click"]
    target: Target

    gesture: ClassVar[Gesture] = "pressing"
    estimate_ms: ClassVar[float] = 300
    prunable: ClassVar[bool] = True

    async def run(self, stage: Stage) -> None:
        await stage.locate(self.target).click(timeout=stage.timeout_ms)

    def sentence(self) -> str:
        return f"Click the {describe(self.target)}"
