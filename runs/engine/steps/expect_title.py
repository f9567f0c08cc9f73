from __future__ import annotations

from typing import ClassVar, Literal

from playwright.async_api import expect

from runs.engine.steps.base import Blank, Role, Stage, Step, StepFailed, Subject
from runs.engine.steps.matching import TextMatch
from runs.engine.steps.page_texts import comes_to_say


class ExpectTitle(TextMatch, Step):
    """The page has a title."""

    do: Literal["expect_title"]

    role: ClassVar[Role] = "expect"
    about: ClassVar[Subject] = "title"
    strength: ClassVar[float] = 1
    estimate_ms: ClassVar[float] = 40
    blank: ClassVar[Blank] = {"contains": ""}

    async def run(self, stage: Stage) -> None:
        if not await self._holds(stage):
            title = await stage.page.title()
            message = f'Expected the title to {self.wanted()}, but after {stage.patience} it is "{title}"'
            raise StepFailed("expectation", message, expected=self.expected(), received=title)

    async def _holds(self, stage: Stage) -> bool:
        words = self.words()
        if words is None:
            return await comes_to_say(stage, self, lambda: self._titles(stage))
        try:
            await expect(stage.page).to_have_title(words, timeout=stage.timeout_ms)
        except AssertionError:
            return False
        return True

    async def _titles(self, stage: Stage) -> list[str]:
        return [await stage.page.title()]

    def sentence(self) -> str:
        return f"Expect the title to {self.wanted()}"
