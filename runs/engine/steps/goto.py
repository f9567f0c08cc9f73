from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from runs.engine.steps.base import Stage, Step
from runs.engine.steps.navigating import SitePath, navigated


class Goto(Step):
    """Open a page of the site."""

    do: Literal["goto"]
    path: SitePath = Field(description="path on the site, with query where needed")

    estimate_ms: ClassVar[float] = 600
    begins_test: ClassVar[bool] = True
    label: ClassVar[str] = "Go to"
    loads_page: ClassVar[bool] = True

    async def run(self, stage: Stage) -> None:
        url = stage.address(self.path)
        await navigated(stage, self.path, stage.page.goto(url, timeout=stage.timeout_ms))

    def sentence(self) -> str:
        return f"Open {self.path}"
