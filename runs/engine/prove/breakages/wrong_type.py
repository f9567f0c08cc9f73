from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from runs.engine.prove.breakages.spoilt import SpoiltAnswer
from runs.engine.prove.spoiling import Spoiling, retyped


@dataclass(frozen=True)
class WrongType(SpoiltAnswer):
    """A value that the page asks for in the background is of another type, such as a text for a number."""

    kind: ClassVar[str] = "wrong_type"

    @staticmethod
    def spoilings(document: Any) -> list[Spoiling]:
        return retyped(document)
