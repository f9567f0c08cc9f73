from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from runs.engine.inpage import read_page
from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import Blank, Stage, Step

# What loads more at its end listens to the wheel, to scrolling or to what comes into view; this does all three.
TO = """const scroll = (to) => {
  const end = to === 'bottom' ? document.documentElement.scrollHeight : 0;
  scrollTo({top: end, behavior: 'instant'});
};"""
WHEEL = {"bottom": 100, "top": -100}


class Scroll(Step):
    """Scroll to an end of the page, or until an element is in view."""

    do: Literal["scroll"]
    target: Target | None = None
    to: Literal["bottom", "top"] | None = None

    estimate_ms: ClassVar[float] = 80
    blank: ClassVar[Blank] = {"to": "bottom"}

    @model_validator(mode="after")
    def _one_goal(self) -> Self:
        if (self.target is None) == (self.to is None):
            raise ValueError("give either target or to")
        return self

    async def run(self, stage: Stage) -> None:
        if self.target is not None:
            await stage.locate(self.target).scroll_into_view_if_needed(timeout=stage.timeout_ms)
        elif self.to is not None:
            await read_page(stage.page, TO, "scroll(given)", self.to)
            await stage.page.mouse.wheel(0, WHEEL[self.to])

    def sentence(self) -> str:
        return f"Scroll to the {describe(self.target)}" if self.target else f"Scroll to the {self.to} of the page"
