"""Texts that are compared with what a page says."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from runs.engine.plan import Value

# A page's text has line breaks where a reader sees spaces; escapes and character classes are left as they are.
SPACES = re.compile(r"\\.|\[[^\]]*\]| +")
COMPARISONS = {"equals": 'be "{}"', "contains": 'contain "{}"', "matches": "match {}"}


class TextMatch(Value):
    """Exactly one of three ways to compare a text. White space counts as one space."""

    equals: str | None = None
    contains: str | None = Field(default=None, min_length=1)
    matches: str | None = Field(default=None, min_length=1, description="a regular expression, found anywhere")

    @field_validator("matches")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"'{pattern}' is not a regular expression: {error}") from error
        return pattern

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.equals, self.contains, self.matches)) != 1:
            raise ValueError("give exactly one of equals, contains, matches")
        return self

    def pattern(self) -> re.Pattern[str]:
        """The same as a regular expression that Python and JavaScript read alike."""
        if self.matches is not None:
            return re.compile(SPACES.sub(lambda found: r"(?:\s+)" if found[0].isspace() else found[0], self.matches))
        if self.equals is not None:
            return re.compile(rf"^\s*{_words(self.equals)}\s*$")
        return re.compile(_words(self.contains or ""))

    def wanted(self) -> str:
        """In words: be "x", contain "x", match x."""
        way = next((way for way in COMPARISONS if getattr(self, way) is not None), "contains")
        return COMPARISONS[way].format(getattr(self, way))

    def expected(self) -> str:
        return self.equals if self.equals is not None else self.contains or self.matches or ""


def _words(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in text.split())
