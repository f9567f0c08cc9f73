"""Texts that are compared with what a page says."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, model_validator

from runs.engine.patterns import Pattern, found, of_words
from runs.engine.plan import Value

# A page's text has line breaks where a reader sees spaces; escapes and character classes are left as they are.
SPACES = re.compile(r"\\.|\[[^\]]*\]?| +")
COMPARISONS = {"equals": 'be "{}"', "contains": 'contain "{}"', "matches": "match {}"}


class TextMatch(Value):
    """Exactly one of three ways to compare a text. White space counts as one space."""

    equals: str | None = None
    contains: str | None = Field(default=None, min_length=1)
    matches: Pattern | None = Field(default=None, description="a regular expression, found anywhere")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.equals, self.contains, self.matches)) != 1:
            raise ValueError("give exactly one of equals, contains, matches")
        return self

    def words(self) -> re.Pattern[str] | None:
        """What the browser itself looks for; None for `matches`, which is somebody's expression: see `holds`."""
        if self.matches is not None:
            return None
        return of_words(self.expected(), whole=self.equals is not None)

    def holds(self, text: str) -> bool:
        """Whether `matches` is found in a text that was read."""
        return self.matches is not None and found(_with_any_spaces(self.matches), text)

    def wanted(self) -> str:
        """In words: be "x", contain "x", match x."""
        way = next((way for way in COMPARISONS if getattr(self, way) is not None), "contains")
        return COMPARISONS[way].format(getattr(self, way))

    def expected(self) -> str:
        return self.equals if self.equals is not None else self.contains or self.matches or ""


def _with_any_spaces(pattern: str) -> str:
    return SPACES.sub(lambda part: r"(?:\s+)" if part[0].isspace() else part[0], pattern)
