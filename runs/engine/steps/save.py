from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.engine.steps.base import SAID, Blank, Role, Stage, Step
from runs.engine.steps.variables import VariableName


class Save(Step):
    """Keep something under a name: a given text, or what an element says, holds or has as an attribute."""

    do: Literal["save"]
    name: VariableName
    value: str | None = None
    target: Target | None = None
    of: Literal["text", "value"] = "text"
    attribute: str | None = Field(default=None, min_length=1)

    role: ClassVar[Role] = "save"
    free_value: ClassVar[bool] = True
    estimate_ms: ClassVar[float] = 30
    blank: ClassVar[Blank] = {**SAID, "of": "text"}

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.value is None) == (self.target is None):
            raise ValueError("give either value or target")
        return self

    async def run(self, stage: Stage) -> None:
        stage.saved[self.name] = self.value if self.target is None else await self._read(stage, self.target)

    async def _read(self, stage: Stage, target: Target) -> str:
        located = stage.locate(target)
        if self.attribute is not None:
            return await located.get_attribute(self.attribute, timeout=stage.timeout_ms) or ""
        if self.of == "value":
            return await located.input_value(timeout=stage.timeout_ms)
        return " ".join((await located.inner_text(timeout=stage.timeout_ms)).split())

    def sentence(self) -> str:
        if self.target is None:
            return f'Keep "{self.value}" as {self.name}'
        what = f"attribute {self.attribute}" if self.attribute else self.of
        return f"Keep the {what} of the {describe(self.target)} as {self.name}"

    def needs_page(self) -> bool:
        return self.target is not None

    def saves(self) -> Iterable[str]:
        return (self.name,)
