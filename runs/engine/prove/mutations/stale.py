from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import BrowserContext, Route
from runs.engine.prove.mutations.base import Mutation, MutationEffect, replace_answers
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Subject


@dataclass(frozen=True)
class Stale(Mutation):
    """What is sent is answered as if it had been carried out, and is not: it never leaves the browser."""

    kind: ClassVar[str] = "stale"
    challenges: ClassVar[frozenset[Subject]] = frozenset({"absence"})

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        # Where nothing is asked for afterwards, the answer is all that there is to see, and it is the right one.
        writes = [call for call in touched.calls if call.writes and call.answer is not None and call.followed]
        for call in reversed(writes):
            # What the test writes beside this call is really sent.
            alone = len([other for other in touched.calls if other.writes]) == 1
            yield cls(f"{call.method} {call.path} is answered, but not carried out", holds_writes=alone, call=call)

    async def prepare(self, context: BrowserContext, effect: MutationEffect) -> None:
        call = self.call
        if call is None or call.answer is None:
            return
        status, headers, body = call.answer

        async def answer(route: Route) -> None:
            await route.fulfill(status=status, headers=headers, body=body)

        await replace_answers(context, call, effect, answer)
