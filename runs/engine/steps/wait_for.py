from __future__ import annotations

from typing import ClassVar, Literal

from playwright.async_api import expect

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import SAID, Blank, Role, Stage, Step, StepFailed


class WaitFor(Step):
    """Wait until an element is to be seen, or no more."""

    do: Literal["wait_for"]
    target: Target
    state: Literal["visible", "hidden"] = "visible"

    role: ClassVar[Role] = "wait"
    estimate_ms: ClassVar[float] = 500
    blank: ClassVar[Blank] = SAID

    async def run(self, stage: Stage) -> None:
        shown = expect(stage.locate(self.target).filter(visible=True))
        try:
            if self.state == "visible":
                await shown.not_to_have_count(0, timeout=stage.timeout_ms)
            else:
                await shown.to_have_count(0, timeout=stage.timeout_ms)
        except AssertionError:
            raise StepFailed("timeout", f"The {describe(self.target)} did not become {self.state}") from None

    def sentence(self) -> str:
        return f"Wait until the {describe(self.target)} is {self.state}"
