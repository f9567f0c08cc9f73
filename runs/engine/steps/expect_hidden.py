from __future__ import annotations

from typing import ClassVar, Literal

from playwright.async_api import expect

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import SAID, Blank, Role, Stage, Step, StepFailed, Subject


class ExpectHidden(Step):
    """No such element is to be seen: it is hidden or not there at all."""

    do: Literal["expect_hidden"]
    target: Target

    role: ClassVar[Role] = "expect"
    about: ClassVar[Subject] = "absence"
    strength: ClassVar[float] = 1.5
    estimate_ms: ClassVar[float] = 60
    blank: ClassVar[Blank] = SAID

    async def run(self, stage: Stage) -> None:
        # The driver's `to_be_hidden` refuses a target that several elements fit; here none of them may be seen.
        shown = stage.locate(self.target).filter(visible=True)
        try:
            await expect(shown).to_have_count(0, timeout=stage.timeout_ms)
        except AssertionError:
            message = f"Expected not to see {describe(self.target)}, but it was still there after {stage.patience}"
            raise StepFailed("expectation", message, expected="hidden", received="visible") from None

    def sentence(self) -> str:
        return f"Expect not to see {describe(self.target)}"
