from __future__ import annotations

from typing import ClassVar, Literal, Self

from playwright.async_api import expect
from pydantic import Field, model_validator

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import Blank, Role, Stage, Step, StepFailed, Subject


class ExpectCount(Step):
    """There are so many elements: an exact number, or a least and a most."""

    do: Literal["expect_count"]
    target: Target
    count: int | None = Field(default=None, ge=0)
    at_least: int | None = Field(default=None, ge=0)
    at_most: int | None = Field(default=None, ge=0)

    role: ClassVar[Role] = "expect"
    about: ClassVar[Subject] = "number"
    strength: ClassVar[float] = 3
    estimate_ms: ClassVar[float] = 60
    blank: ClassVar[Blank] = {"count": 1}

    @model_validator(mode="after")
    def _something(self) -> Self:
        if (self.count is None) == (self.at_least is None and self.at_most is None):
            raise ValueError("give either count, or at_least and at_most")
        return self

    async def run(self, stage: Stage) -> None:
        located = stage.locate(self.target)

        async def holds() -> bool:
            return self._fits(await located.count())

        # The driver waits for a number, and knows neither a least nor a most.
        if self.count is None:
            held = await stage.until(holds)
        else:
            try:
                await expect(located).to_have_count(self.count, timeout=stage.timeout_ms)
                held = True
            except AssertionError:
                held = False
        if not held:
            there = await located.count()
            message = (
                f"Expected {self._wanted()} of {describe(self.target)}, but after {stage.patience} there are {there}"
            )
            raise StepFailed("expectation", message, expected=self._wanted(), received=str(there))

    def _fits(self, there: int) -> bool:
        return (self.at_least is None or there >= self.at_least) and (self.at_most is None or there <= self.at_most)

    def _wanted(self) -> str:
        if self.count is not None:
            return str(self.count)
        limits = [("at least", self.at_least), ("at most", self.at_most)]
        return " and ".join(f"{words} {limit}" for words, limit in limits if limit is not None)

    def sentence(self) -> str:
        return f"Expect {self._wanted()} of {describe(self.target)}"
