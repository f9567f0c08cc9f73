"""Two kinds of steps that Sentri does not have: a plug-in of pytest that adds them as a developer would.

Each is a class and a line in the registry; what else is told of them is told by their traits.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps import STEPS
from runs.engine.steps.base import Gesture, Role, Stage, Step, StepFailed, Subject


class Nudge(Step):
    """Press an element slowly."""

    do: Literal["nudge"]
    target: Target

    gesture: ClassVar[Gesture] = "pressing"
    estimate_ms: ClassVar[float] = 4_321
    prunable: ClassVar[bool] = True

    async def run(self, stage: Stage) -> None:
        await stage.locate(self.target).click(delay=20, timeout=stage.timeout_ms)

    def sentence(self) -> str:
        return f"Nudge the {describe(self.target)}"


class ExpectColour(Step):
    """An element says which colour it has."""

    do: Literal["expect_colour"]
    target: Target
    colour: str

    role: ClassVar[Role] = "expect"
    about: ClassVar[Subject] = "element"
    strength: ClassVar[float] = 6
    estimate_ms: ClassVar[float] = 55
    label: ClassVar[str] = "Expect a colour"

    async def run(self, stage: Stage) -> None:
        located = stage.locate(self.target)

        async def holds() -> bool:
            return self.colour in await located.all_inner_texts()

        if not await stage.until(holds):
            raise StepFailed("expectation", f"Expected the {describe(self.target)} to be {self.colour}")

    def sentence(self) -> str:
        return f"Expect the {describe(self.target)} to be {self.colour}"


STEPS["nudge"] = Nudge
STEPS["expect_colour"] = ExpectColour
