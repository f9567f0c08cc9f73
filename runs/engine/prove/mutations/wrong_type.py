from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from runs.engine.prove.json_mutation import JsonMutation, retyped
from runs.engine.prove.mutations.json_mutant import JsonMutant


@dataclass(frozen=True)
class WrongType(JsonMutant):
    """A value that the page asks for in the background is of another type, such as a text for a number."""

    kind: ClassVar[str] = "wrong_type"
    of_load_alone: ClassVar[bool] = True

    @staticmethod
    def json_mutations(document: Any) -> list[JsonMutation]:
        return retyped(document)
