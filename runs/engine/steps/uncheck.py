from __future__ import annotations

from typing import Literal

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import Stage, Step


class Uncheck(Step):
    """Take the tick off a box; nothing happens when it has none."""

    do: Literal["uncheck"]
    target: Target

    async def run(self, stage: Stage) -> None:
        await stage.locate(self.target).uncheck(timeout=stage.timeout_ms)

    def sentence(self) -> str:
        return f"Untick the {describe(self.target)}"
