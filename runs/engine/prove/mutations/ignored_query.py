from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import BrowserContext, Route
from runs.engine.prove.mutations.base import Mutation, MutationEffect, replace_answers
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Subject


@dataclass(frozen=True)
class IgnoredQuery(Mutation):
    """The application answers as if nothing was asked for: no words, no filter, no order, no page."""

    kind: ClassVar[str] = "ignored_query"
    of_load_alone: ClassVar[bool] = True
    by_act: bool = False

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        calls = [call for call in touched.calls if call.query and call.method == "GET" and call.kind != "script"]
        for call in {call.base: call for call in reversed(calls)}.values():
            by_act = call.step == touched.last_act
            yield cls(f"GET {call.path} ignores what is asked for ({call.query[:60]})", call=call, by_act=by_act)

    def concerns(self, step_id: int, about: Subject) -> bool:
        # Everything is listed then, and what was asked for is among it: only what must not be there tells.
        return self.by_act and about == "absence"

    async def prepare(self, context: BrowserContext, effect: MutationEffect) -> None:
        async def answer(route: Route) -> None:
            # The page does not see this: it keeps the address that it asked for.
            await route.continue_(url=self.call.base if self.call else None)

        if self.call is not None:
            await replace_answers(context, self.call, effect, answer)
