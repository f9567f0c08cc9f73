from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import BrowserContext, Route
from runs.engine.prove.mutations.base import Mutation, MutationEffect, replace_answers
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Subject


@dataclass(frozen=True)
class MissingScript(Mutation):
    """A script of the page is not found."""

    kind: ClassVar[str] = "missing_script"
    of_load_alone: ClassVar[bool] = True
    challenges: ClassVar[frozenset[Subject]] = frozenset({"requests"})

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        for call in {call.base: call for call in touched.calls if call.kind == "script"}.values():
            yield cls(f"The script {call.path} is not found", call=call)

    async def prepare(self, context: BrowserContext, effect: MutationEffect) -> None:
        async def answer(route: Route) -> None:
            await route.fulfill(status=404, content_type="text/plain", body="Not Found")

        if self.call is not None:
            await replace_answers(context, self.call, effect, answer)
