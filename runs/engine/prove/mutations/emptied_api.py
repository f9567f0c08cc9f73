from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from runs.engine.browser import BrowserContext, Route
from runs.engine.foreign import UnreadableJson, loaded
from runs.engine.prove.mutations.base import SEEING, Mutation, MutationEffect, fetched, replace_answers
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Subject


@dataclass(frozen=True)
class EmptiedApi(Mutation):
    """What the page asks for in the background comes back without content: lists are empty, objects bare."""

    kind: ClassVar[str] = "emptied_api"
    of_load_alone: ClassVar[bool] = True
    challenges: ClassVar[frozenset[Subject]] = SEEING

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        seen: set[str] = set()
        for call in touched.calls:
            if call.kind == "api" and call.method == "GET" and call.base not in seen:
                seen.add(call.base)
                yield cls(f"GET {call.path} brings nothing", call=call)

    async def prepare(self, context: BrowserContext, effect: MutationEffect) -> None:
        async def answer(route: Route) -> None:
            async with fetched(route) as got:
                if got is None:
                    # It was counted before it was known that the answer cannot be had.
                    effect.hits -= 1
                    return
                response, said = got
                try:
                    body = emptied(loaded(said))
                except UnreadableJson:
                    await route.fulfill(response=response, body="")
                    return
                await route.fulfill(response=response, json=body)

        if self.call is not None:
            await replace_answers(context, self.call, effect, answer)


def emptied(body: Any) -> Any:
    """The same kind of answer with nothing in it."""
    if isinstance(body, list):
        return []
    if not isinstance(body, dict):
        return None
    bare = {key: emptied(value) if isinstance(value, list | dict) else value for key, value in body.items()}
    return bare if any(isinstance(value, list) for value in body.values()) else {}
