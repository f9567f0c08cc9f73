"""A proposal's steps while it is proved: some are left out, others are added, and each keeps its id."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from runs.engine.execute.attempt import OPENING
from runs.engine.steps.base import Step
from runs.engine.steps.document import Document, parse

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Revision:
    """A test as it is by now. `written` are its steps in JSON by their ids, in order; `around` is the rest of it.

    The id of a step is the place at which the proposal had it. What is added has ids behind all others, so that an
    earlier step always has the smaller one. The place of a step in `document` changes when others are left out; only
    what plays the document counts in places.
    """

    around: Json
    written: Mapping[int, dict[str, Any]]

    @classmethod
    def of_proposal(cls, document: Json) -> Revision:
        return cls(document, dict(enumerate(document["steps"])))

    @cached_property
    def document(self) -> Document:
        return parse(self.json)

    @cached_property
    def steps(self) -> Mapping[int, Step]:
        """The steps of the document by their ids."""
        return dict(zip(self.written, self.document.steps, strict=True))

    @property
    def first_free(self) -> int:
        """The id of what is added first."""
        return len(self.around["steps"])

    @property
    def json(self) -> dict[str, Any]:
        return {**self.around, "steps": list(self.written.values())}

    @property
    def expectations(self) -> list[int]:
        return [step_id for step_id, step in self.steps.items() if step.role == "expect"]

    def id_at(self, place: int) -> int:
        """The id of the step at a place in the document; the opening is its own."""
        return OPENING if place == OPENING else list(self.written)[place]

    def place_of(self, step_id: int) -> int:
        return OPENING if step_id == OPENING else list(self.written).index(step_id)

    def without(self, gone: Collection[int]) -> Revision:
        return Revision(self.around, {step_id: step for step_id, step in self.written.items() if step_id not in gone})

    def with_added(self, added: Mapping[int, dict[str, Any]]) -> Revision:
        return Revision(self.around, {**self.written, **added})
