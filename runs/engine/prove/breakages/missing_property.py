from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from runs.engine.prove.breakages.spoilt import SpoiltAnswer
from runs.engine.prove.spoiling import Spoiling, missing


@dataclass(frozen=True)
class MissingProperty(SpoiltAnswer):
    """A property that all objects of an answer had, which the page asks for in the background, is missing."""

    kind: ClassVar[str] = "missing_property"

    @staticmethod
    def spoilings(document: Any) -> list[Spoiling]:
        return missing(document)
