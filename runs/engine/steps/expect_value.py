from __future__ import annotations

from typing import ClassVar, Literal

from playwright.async_api import Error, Locator, expect

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import FIELD, Blank, Role, Stage, Step, StepFailed, Subject, one_line
from runs.engine.steps.matching import TextMatch
from runs.engine.steps.page_texts import comes_to_say
from runs.engine.steps.seeing import company


class ExpectValue(TextMatch, Step):
    """A field holds something."""

    do: Literal["expect_value"]
    target: Target

    role: ClassVar[Role] = "expect"
    about: ClassVar[Subject] = "value"
    strength: ClassVar[float] = 3
    estimate_ms: ClassVar[float] = 40
    blank: ClassVar[Blank] = {**FIELD, "equals": ""}

    async def run(self, stage: Stage) -> None:
        if not await self._holds(stage):
            raise await self._failure(stage)

    async def _holds(self, stage: Stage) -> bool:
        located, words = stage.locate(self.target), self.words()
        if words is None:
            return await comes_to_say(stage, self, lambda: self._values(stage, located))
        try:
            # To the letter: spaces in a field are what somebody entered, spaces of a text are how a page is written.
            wanted = words if self.equals is None else self.equals
            await expect(located).to_have_value(wanted, timeout=stage.timeout_ms)
        except AssertionError as error:
            # Not a wrong value but several fields, of which `perform` says how to tell them apart.
            if "strict mode violation" in str(error):
                raise Error(str(error)) from error
            return False
        return True

    async def _values(self, stage: Stage, located: Locator) -> list[str]:
        return [await located.input_value(timeout=stage.timeout_ms)]

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
