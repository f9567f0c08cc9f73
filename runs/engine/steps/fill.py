from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import FIELD, Blank, Gesture, Stage, Step


class Fill(Step):
    """Replace what stands in a field."""

    do: Literal["fill"]
    target: Target
    value: str = Field(max_length=100_000)

    gesture: ClassVar[Gesture] = "entering"
    free_value: ClassVar[bool] = True
    estimate_ms: ClassVar[float] = 80
    blank: ClassVar[Blank] = FIELD

    async def run(self, stage: Stage) -> None:
        await stage.locate(self.target).fill(self.value, timeout=stage.timeout_ms)

    def sentence(self) -> str:
        if not self.value:
            return f"Empty the {describe(self.target)}"
        return f'Fill the {describe(self.target)} with "{self.value}"'
