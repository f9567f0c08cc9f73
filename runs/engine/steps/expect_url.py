from __future__ import annotations

import re
from typing import ClassVar, Literal, Self
from urllib.parse import parse_qs, unquote, urlsplit

from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import Field, field_validator, model_validator

from runs.engine.patterns import Pattern, found
from runs.engine.steps.base import Blank, Role, Stage, Step, StepFailed, Subject


class ExpectUrl(Step):
    """The page is at an address: its whole path, and those parameters of the query that are given."""

    do: Literal["expect_url"]
    path: str | None = Field(default=None, description="the whole path, without the query")
    query: dict[str, str] | None = Field(default=None, description="parameters that must be there; others may be")
    contains: str | None = Field(default=None, min_length=1, description="part of path and query")
    matches: Pattern | None = Field(default=None, description="a regular expression on path and query")

    role: ClassVar[Role] = "expect"
    about: ClassVar[Subject] = "address"
    strength: ClassVar[float] = 1
    estimate_ms: ClassVar[float] = 60
    blank: ClassVar[Blank] = {"path": "/"}

    @field_validator("path")
    @classmethod
    def _only_a_path(cls, path: str | None) -> str | None:
        if path is not None and not re.fullmatch(r"/[^?#]*", path):
            raise ValueError("a path begins with / and has neither ? nor #; write the query into query")
        return path

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.path is None and self.query is None and self.contains is None and self.matches is None:
            raise ValueError("give path, query, contains or matches")
        return self

    async def run(self, stage: Stage) -> None:
        try:
            # The address is there once the navigation is committed; by default the driver waits until all has loaded.
            await stage.page.wait_for_url(self.fits, wait_until="commit", timeout=stage.timeout_ms)
        except PlaywrightTimeout:
            there = _local(stage.page.url)
            message = f"Expected the address to {self._wanted()}, but after {stage.patience} it is {there}"
            raise StepFailed("expectation", message, expected=self._wanted(), received=there) from None

    def fits(self, url: str) -> bool:
        parts = urlsplit(url)
        local = _local(url)
        query = parse_qs(parts.query, keep_blank_values=True)
        return (
            # Browsers encode letters beyond ASCII; people write them as they are.
            (self.path is None or unquote(self.path) == unquote(parts.path or "/"))
            and all(value in query.get(name, []) for name, value in (self.query or {}).items())
            and (self.contains is None or self.contains in local)
            and (self.matches is None or found(self.matches, local))
        )

    def _wanted(self) -> str:
        wanted = [f"be {self.path}"] if self.path else []
        wanted += [f"have {name}={value}" for name, value in (self.query or {}).items()]
        wanted += [f'contain "{self.contains}"'] if self.contains else []
        wanted += [f"match {self.matches}"] if self.matches else []
        return " and ".join(wanted)

    def sentence(self) -> str:
        return f"Expect the address to {self._wanted()}"


def _local(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
