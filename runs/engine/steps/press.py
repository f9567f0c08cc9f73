from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import Gesture, Stage, Step
from runs.engine.steps.selectors import wrong_key


class Press(Step):
    """Press a key or a chord such as Control+A, in an element or wherever the focus is."""

    do: Literal["press"]
    key: str = Field(min_length=1, max_length=50)
    target: Target | None = None

    gesture: ClassVar[Gesture] = "keying"
    estimate_ms: ClassVar[float] = 250
    prunable: ClassVar[bool] = True

    async def run(self, stage: Stage) -> None:
        if self.target is None:
            await stage.page.keyboard.press(self.key)
        else:
            await stage.locate(self.target).press(self.key, timeout=stage.timeout_ms)

    def wrong(self, path: str) -> Iterator[tuple[str, str]]:
        yield from super().wrong(path)
        if "{{" not in self.key and (sentence := wrong_key(self.key)):
            yield f"{path}.key", sentence

    def sentence(self) -> str:
        return f"Press {self.key}" + (f" in the {describe(self.target)}" if self.target else "")
