from __future__ import annotations

from typing import Literal

from playwright.async_api import expect

from runs.engine.steps.base import Stage, Step, StepFailed
from runs.engine.steps.matching import TextMatch


class ExpectTitle(TextMatch, Step):
    """The page has a title."""

    do: Literal["expect_title"]

    async def run(self, stage: Stage) -> None:
        try:
            await expect(stage.page).to_have_title(self.pattern(), timeout=stage.timeout_ms)
        except AssertionError:
            title = await stage.page.title()
            message = f'Expected the title to {self.wanted()}, but after {stage.patience} it is "{title}"'
            raise StepFailed("expectation", message, expected=self.expected(), received=title) from None

    def sentence(self) -> str:
        return f"Expect the title to {self.wanted()}"
