from __future__ import annotations

from typing import ClassVar, Literal

from playwright.async_api import expect

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import SAID, Blank, Role, Stage, Step, StepFailed, Subject
from runs.engine.steps.seeing import company


class ExpectVisible(Step):
    """At least one such element is to be seen."""

    do: Literal["expect_visible"]
    target: Target

    role: ClassVar[Role] = "expect"
    about: ClassVar[Subject] = "element"
    strength: ClassVar[float] = 2
    estimate_ms: ClassVar[float] = 60
    blank: ClassVar[Blank] = SAID

    async def run(self, stage: Stage) -> None:
        # The driver's `to_be_visible` refuses a target that several elements fit; here it is enough to see any.
        shown = stage.locate(self.target).filter(visible=True)
        try:
            await expect(shown).not_to_have_count(0, timeout=stage.timeout_ms)
        except AssertionError:
            found = await company(stage, self.target)
            message = f"Expected to see {describe(self.target)}, but the page has no such element after"
            if found.number:
                message = f"Expected to see {describe(self.target)}, but it was still hidden after"
            message = f"{message} {stage.patience}{found.sentence}"
            raise StepFailed(
                "expectation",
                message,
                expected=describe(self.target),
                received="hidden" if found.number else found.received,
            ) from None

    def sentence(self) -> str:
        return f"Expect to see {describe(self.target)}"
