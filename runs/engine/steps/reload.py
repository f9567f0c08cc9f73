from __future__ import annotations

from typing import ClassVar, Literal

from runs.engine.steps.base import Stage, Step
from runs.engine.steps.navigating import navigated


class Reload(Step):
    """Load the page again."""

    do: Literal["reload"]

    estimate_ms: ClassVar[float] = 600
    prunable: ClassVar[bool] = True
    loads_page: ClassVar[bool] = True

    async def run(self, stage: Stage) -> None:
        await navigated(stage, "The page", stage.page.reload(timeout=stage.timeout_ms))

    def sentence(self) -> str:
        return "Reload the page"
