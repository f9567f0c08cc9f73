from __future__ import annotations

from typing import ClassVar, Literal

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import Stage, Step


class Hover(Step):
    """Move the pointer over an element."""

    do: Literal["hover"]
    target: Target

    estimate_ms: ClassVar[float] = 80
    prunable: ClassVar[bool] = True

    async def run(self, stage: Stage) -> None:
        await stage.locate(self.target).hover(timeout=stage.timeout_ms)

    def sentence(self) -> str:
        return f"Point at the {describe(self.target)}"
