from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import BrowserContext, Route
from runs.engine.prove.mutations.base import Mutation, MutationEffect, replace_answers
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Subject


@dataclass(frozen=True)
class FailedApi(Mutation):
    """A call that the page makes in the background is answered with an error of the server."""

    kind: ClassVar[str] = "failed_api"
    of_load_alone: ClassVar[bool] = True
    challenges: ClassVar[frozenset[Subject]] = frozenset({"requests"})

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        seen: set[tuple[str, str]] = set()
        for call in touched.calls:
            if call.kind == "api" and (call.method, call.base) not in seen:
                seen.add((call.method, call.base))
                yield cls(f"{call.method} {call.path} answers 500", holds_writes=call.writes, call=call)

    async def prepare(self, context: BrowserContext, effect: MutationEffect) -> None:
        async def answer(route: Route) -> None:
            await route.fulfill(status=500, json={"error": "Internal Server Error"})

        if self.call is not None:
            await replace_answers(context, self.call, effect, answer)
