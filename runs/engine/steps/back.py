from __future__ import annotations

from typing import ClassVar, Literal

from runs.engine.steps.base import Stage, Step, StepFailed
from runs.engine.steps.navigating import navigated


class Back(Step):
    """Go back in the history of the page."""

    do: Literal["back"]

    estimate_ms: ClassVar[float] = 400
    loads_page: ClassVar[bool] = True

    async def run(self, stage: Stage) -> None:
        before = stage.page.url
        await navigated(stage, "The page before", stage.page.go_back(timeout=stage.timeout_ms))
        # The driver answers nothing both where there is no page and where a script goes back to a route of its own.
        if stage.page.url == before:
            raise StepFailed("navigation", "There is no page to go back to", received=before)

    def sentence(self) -> str:
        return "Go back"
