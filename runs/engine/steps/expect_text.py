from __future__ import annotations

from typing import ClassVar, Literal

from playwright.async_api import expect

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import Blank, Role, Stage, Step, StepFailed, Subject, listed
from runs.engine.steps.matching import TextMatch
from runs.engine.steps.page_texts import comes_to_say, texts_of
from runs.engine.steps.seeing import company, texts


class ExpectText(TextMatch, Step):
    """An element says something. When several match the target, one of them has to."""

    do: Literal["expect_text"]
    target: Target

    role: ClassVar[Role] = "expect"
    about: ClassVar[Subject] = "element"
    strength: ClassVar[float] = 3
    estimate_ms: ClassVar[float] = 60
    blank: ClassVar[Blank] = {"target": {"role": "status"}, "contains": ""}

    async def run(self, stage: Stage) -> None:
        if not await self._holds(stage):
            raise await self._failure(stage)

    async def _holds(self, stage: Stage) -> bool:
        located, words = stage.locate(self.target), self.words()
        if words is None:
            return await comes_to_say(stage, self, lambda: texts_of(located))
        try:
            await expect(located.filter(has_text=words)).not_to_have_count(0, timeout=stage.timeout_ms)
        except AssertionError:
            return False
        return True

    async def _failure(self, stage: Stage) -> StepFailed:
        said = await texts(stage, self.target)
        expectation = f"Expected the {describe(self.target)} to {self.wanted()}"
        if said:
            message = f"{expectation}, but after {stage.patience} it says {listed(said)}"
            received = said[0] if len(said) == 1 else listed(said)
            return StepFailed("expectation", message, expected=self.expected(), received=received)
        found = await company(stage, self.target)
        message = f"{expectation}, but the page has no such element after {stage.patience}{found.sentence}"
        return StepFailed("not_found", message, expected=self.expected(), received=found.received)

    def sentence(self) -> str:
        return f"Expect the {describe(self.target)} to {self.wanted()}"
