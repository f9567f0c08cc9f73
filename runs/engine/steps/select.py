from __future__ import annotations

from typing import ClassVar, Literal

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import FIELD, Blank, Gesture, Stage, Step, listed


class Select(Step):
    """Choose options of a list by what they say or by their value; several where the list takes several."""

    do: Literal["select"]
    target: Target
    value: str | tuple[str, ...]

    gesture: ClassVar[Gesture] = "entering"
    estimate_ms: ClassVar[float] = 80
    blank: ClassVar[Blank] = FIELD

    async def run(self, stage: Stage) -> None:
        values = [self.value] if isinstance(self.value, str) else list(self.value)
        await stage.locate(self.target).select_option(values, timeout=stage.timeout_ms)

    def sentence(self) -> str:
        values = [self.value] if isinstance(self.value, str) else self.value
        return f"Select {listed(values)} in the {describe(self.target)}"
