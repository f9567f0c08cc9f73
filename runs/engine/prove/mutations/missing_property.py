from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from runs.engine.prove.json_mutation import JsonMutation, missing
from runs.engine.prove.mutations.json_mutant import JsonMutant


@dataclass(frozen=True)
class MissingProperty(JsonMutant):
    """A property that all objects of an answer had, which the page asks for in the background, is missing."""

    kind: ClassVar[str] = "missing_property"
    of_load_alone: ClassVar[bool] = True

    @staticmethod
    def json_mutations(document: Any) -> list[JsonMutation]:
        return missing(document)
