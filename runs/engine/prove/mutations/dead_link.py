from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import BrowserContext, Route
from runs.engine.prove.mutations.base import SEEING, Mutation, MutationEffect, in_words, replace_answers
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Subject


@dataclass(frozen=True)
class DeadLink(Mutation):
    """A link that is followed leads to a page that does not exist."""

    kind: ClassVar[str] = "dead_link"
    of_load_alone: ClassVar[bool] = True
    of_document_alone: ClassVar[bool] = True
    challenges: ClassVar[frozenset[Subject]] = SEEING

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        for act in touched.acts:
            calls = [call for call in touched.calls if call.step == act.step_id and call.kind == "document"]
            # A link that a script follows without loading a document has nothing to be answered.
            if act.facts.get("tag") == "a" and calls and act.target is not None:
                what = f"The link {in_words(act.target)} leads to a page that does not exist"
                yield cls(what, holds_writes=touched.precedes(calls[0]), call=calls[0])

    async def prepare(self, context: BrowserContext, effect: MutationEffect) -> None:
        async def answer(route: Route) -> None:
            body = "<!doctype html><title>Page not found</title><h1>Page not found</h1>"
            await route.fulfill(status=404, content_type="text/html", body=body)

        if self.call is not None:
            await replace_answers(context, self.call, effect, answer)
