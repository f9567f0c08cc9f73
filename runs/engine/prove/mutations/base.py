"""What a mutation is: one way in which the application goes wrong while a test is replayed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from runs.engine.browser import APIResponse, BrowserContext, Error, Page, Route, read_elements
from runs.engine.plan import Target
from runs.engine.prove.touched import Touched, TouchedCall
from runs.engine.steps.base import Stage, Subject


@dataclass
class MutationEffect:
    """How often a mutation was really applied in a replay; method and address of what was answered in its place.

    Once it is `over`, requests go their own way again.
    """

    hits: int = 0
    over: bool = False
    answered: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class Mutation:
    """One mutation of one test. `what` is a sentence about the application as it is then.

    `before_steps` are the ids of steps before which it strikes the page, or before the next one where such a step is
    left out. `holds_writes`: what the test would write is not sent. `aimed_at` is the id of the expectation that it is
    aimed at, if it is aimed at one, `call` the request that is answered otherwise, if there is one.
    """

    what: str
    before_steps: frozenset[int] = frozenset()
    holds_writes: bool = False
    aimed_at: int | None = None
    call: TouchedCall | None = None

    kind: ClassVar[str]
    challenges: ClassVar[frozenset[Subject]] = frozenset()
    """What expectations are about that ought to notice it, wherever they stand."""
    of_page_alone: ClassVar[bool] = False
    """Whether a strike changes the document of the page and nothing else, so that it can be undone."""
    of_document_alone: ClassVar[bool] = False
    """Whether its `call` is a document that is answered with another one as a whole, whatever the page shows."""
    of_load_alone: ClassVar[bool] = False
    """Whether all that it does is to answer its `call` otherwise, so that loading a page once more shows it."""
    of_act_alone: ClassVar[bool] = False
    """Whether it keeps an act from doing anything and changes nothing else, so that the act can be done afterwards."""

    @property
    def is_deep(self) -> bool:
        """Whether it breaks what is behind the page: an error page, or an element that is gone, most tests notice."""
        return not self.of_page_alone and not self.of_document_alone

    def concerns(self, step_id: int, about: Subject) -> bool:
        """Whether an expectation of that id, about something, ought to notice it."""
        return self.aimed_at == step_id or about in self.challenges

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        """The ways in which what a test touches can be broken like this, the most telling first."""
        raise NotImplementedError

    async def prepare(self, context: BrowserContext, effect: MutationEffect) -> None:
        """Before the first page is opened."""

    async def strike(self, stage: Stage, effect: MutationEffect) -> None:
        """Before a step, on a settled page. Never raises for what the page does."""

    async def after(self, page: Page, effect: MutationEffect) -> None:
        """When the test is over: count what can only be counted then."""

    async def release(self, page: Page) -> None:
        """Take back what is `of_act_alone`: events take their way again."""


SEEING: frozenset[Subject] = frozenset({"element", "value", "number"})
Replacing = Callable[[Route], Awaitable[None]]


async def replace_answers(
    context: BrowserContext, call: TouchedCall, effect: MutationEffect, answer: Replacing, *, counts: bool = True
) -> None:
    """Requests like a call, whatever their query, are answered by `answer`, and counted here if this `counts`."""
    document = call.kind == "document"

    async def take(route: Route) -> None:
        request = route.request
        with contextlib.suppress(Error):
            if effect.over or request.method != call.method or (request.resource_type == "document") != document:
                # Other routes of the context stand behind this one, such as that which holds writes back.
                await route.fallback()
                return
            effect.hits += counts
            effect.answered.add((request.method, request.url))
            await answer(route)

    await context.route(re.compile(rf"^{re.escape(call.base)}(?:[?#].*)?$"), take)


@contextlib.asynccontextmanager
async def fetched(route: Route) -> AsyncIterator[tuple[APIResponse, bytes] | None]:
    """What the site answers to a request, and its body. None where that cannot be had, as of an answer that is larger
    than is read: the request then goes its way as if nothing were broken."""
    try:
        response = await route.fetch()
    except Error:
        await route.continue_()
        yield None
        return
    try:
        yield response, await response.body()
    finally:
        await response.dispose()


async def on_elements(stage: Stage, target: Target, script: str, given: Any = None) -> int:
    """What `strike(elements, given)` of a script says it did to the visible elements of a target; 0 where it failed."""
    with contextlib.suppress(Error):
        located = stage.locate(target).filter(visible=True)
        return int(await read_elements(located, script, "strike(elements, given)", given))
    return 0


def in_words(target: Target) -> str:
    """What a person calls the element: its name or text in quotation marks, else its role."""
    words = next((text for text in (target.name, target.label, target.text, target.placeholder) if text), "")
    return f"“{words[:80]}”" if words else f"the {target.role}" if target.role else "an element"
