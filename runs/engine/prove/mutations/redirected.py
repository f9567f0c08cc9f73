from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import BrowserContext, Route
from runs.engine.prove.mutations.base import Mutation, MutationEffect, replace_answers
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Subject


@dataclass(frozen=True)
class Redirected(Mutation):
    """The last page sends the visitor to the home page instead of opening."""

    kind: ClassVar[str] = "redirected"
    of_load_alone: ClassVar[bool] = True
    challenges: ClassVar[frozenset[Subject]] = frozenset({"address", "title"})

    @property
    def is_deep(self) -> bool:
        return False  # nearly any expectation notices another page, as it does an error page

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        documents = [call for call in touched.calls if call.kind == "document"]
        # The home page would lead to itself, in a circle that the browser gives up.
        if documents and not documents[-1].writes and documents[-1].path != "/":
            yield cls(f"{documents[-1].path} leads to the home page", call=documents[-1])

    async def prepare(self, context: BrowserContext, effect: MutationEffect) -> None:
        async def answer(route: Route) -> None:
            await route.fulfill(status=302, headers={"location": "/"}, body="")

        if self.call is not None:
            await replace_answers(context, self.call, effect, answer)
