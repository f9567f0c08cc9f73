from __future__ import annotations

from typing import Literal

from playwright.async_api import Error, expect

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import Stage, Step, StepFailed, one_line
from runs.engine.steps.matching import TextMatch
from runs.engine.steps.seeing import company


class ExpectValue(TextMatch, Step):
    """A field holds something."""

    do: Literal["expect_value"]
    target: Target

    async def run(self, stage: Stage) -> None:
        located = stage.locate(self.target)
        wanted = self.equals if self.equals is not None else self.pattern()
        try:
            await expect(located).to_have_value(wanted, timeout=stage.timeout_ms)
        except AssertionError as error:
            if "strict mode violation" in str(error):
                raise Error(str(error)) from error
            raise await self._failure(stage) from None

    async def _failure(self, stage: Stage) -> StepFailed:
        expectation = f"Expected the {describe(self.target)} to {self.wanted()}"
        located = stage.locate(self.target)
        if not await located.count():
            found = await company(stage, self.target)
            message = f"{expectation}, but the page has no such element after {stage.patience}{found.sentence}"
            return StepFailed("not_found", message, expected=self.expected(), received=found.received)
        held = one_line(await located.input_value(timeout=1000))
        message = f'{expectation}, but after {stage.patience} it holds "{held}"'
        return StepFailed("expectation", message, expected=self.expected(), received=held)

    def sentence(self) -> str:
        return f"Expect the {describe(self.target)} to {self.wanted()}"
