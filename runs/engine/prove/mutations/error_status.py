from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import BrowserContext, Route
from runs.engine.prove.mutations.base import Mutation, MutationEffect, replace_answers
from runs.engine.prove.touched import Touched

PAGES = {404: "Not Found", 500: "Internal Server Error"}


@dataclass(frozen=True)
class ErrorStatus(Mutation):
    """A document is answered with an error page."""

    kind: ClassVar[str] = "error_status"
    of_load_alone: ClassVar[bool] = True
    of_document_alone: ClassVar[bool] = True
    status: int = 500

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        return _documents(touched)

    async def prepare(self, context: BrowserContext, effect: MutationEffect) -> None:
        async def answer(route: Route) -> None:
            body = f"<!doctype html><title>{PAGES[self.status]}</title><h1>{PAGES[self.status]}</h1>"
            await route.fulfill(status=self.status, content_type="text/html", body=body)

        if self.call is not None:
            await replace_answers(context, self.call, effect, answer)


def _documents(touched: Touched) -> Iterator[Mutation]:
    """The last page first, with an error of the server; the others are not found."""
    seen: set[tuple[str, str]] = set()
    for call in reversed([call for call in touched.calls if call.kind == "document"]):
        if (call.method, call.base) not in seen:
            status = 404 if seen and not call.writes else 500
            seen.add((call.method, call.base))
            yield ErrorStatus(
                f"{call.method} {call.path} answers {status}",
                holds_writes=call.writes or touched.precedes(call),
                call=call,
                status=status,
            )
