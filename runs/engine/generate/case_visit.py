"""A visit: a fresh context on the site, and the steps of a case carried out in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from runs.engine.browser import Accounts, Browser, ClaimCode, Pace, Writes, close_context, read_page, settle, watch
from runs.engine.events import Event, Wrote
from runs.engine.generate.cases import Step
from runs.engine.page.look import SCRIPT, Look
from runs.engine.plan import VISITOR, CrawlPlan
from runs.engine.steps.base import Stage
from runs.engine.steps.document import parse, resolved
from runs.engine.steps.perform import perform
from runs.engine.steps.variables import Variables
from runs.engine.traffic import blanked

STEP_MS = 3_000
SETTLE_MS = 2_500
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def unheard(_event: Event) -> None:
    """For who opens visits and tells nobody of them."""


class Visits:
    """Opens visits; each sign-in is gone through once, when the first visit asks for it.

    `emit` is told of sign-ins that were made, and of what was sent that could have changed something. Who opens a
    visit takes a turn of `pace` first.
    """

    def __init__(
        self,
        browser: Browser,
        plan: CrawlPlan,
        emit: Callable[[Event], None] = unheard,
        claim_code: ClaimCode | None = None,
    ) -> None:
        self.browser = browser
        self.plan = plan
        self.emit = emit
        self.pace = Pace(plan.options.requests_per_second)
        self.accounts = Accounts(browser, plan.site, plan.options, emit=emit, claim_code=claim_code)

    @asynccontextmanager
    async def open(self, *, auth: str = VISITOR, writes: bool = False, because: str = "") -> AsyncIterator[Visit]:
        """A visit in a fresh context, closed at its end. Without `writes` no request leaves that changes anything.

        Raises `SignInFailed`.
        """
        read_only = self.plan.options.read_only or not writes
        site = self.plan.site.seen_as(auth)
        state = await self.accounts.state(auth)
        context = await self.browser.context(self.plan.options, site, state=state, read_only=read_only)

        def wrote(method: str, url: str, status: int | None, held_back: bool) -> None:
            self.emit(Wrote(method, blanked(url), status, held_back, because))

        sent_writes = Writes(wrote)
        sent_writes.follow(context)
        try:
            page = await context.new_page()
            stage = Stage(site, context.request, STEP_MS, opened=page, watching=watch(page), sent=sent_writes.sent)
            chance = Random()  # noqa: S311
            # Of the site and not of the role: a stranger has no account, and yet signs in with its name and password.
            yield Visit(stage, Variables(self.plan.site, {}, chance, datetime.now(UTC)), sent_writes, read_only)
        finally:
            # Before the context closes, for a closed context tells no answer any more.
            await sent_writes.finish()
            await close_context(context)


@dataclass(frozen=True)
class Visit:
    stage: Stage
    variables: Variables
    writes: Writes
    read_only: bool = True

    @property
    def held_back(self) -> int:
        """How many requests were held back so far."""
        return self.writes.seen if self.read_only else 0

    async def start(self, path: str) -> None:
        await self.stage.page.goto(self.stage.address(path), timeout=self.stage.timeout_ms * 2)
        await self.settle()

    async def do(self, step: Step, timeout_ms: int = STEP_MS) -> None:
        """Raises `StepFailed`, or an error of Playwright when the page is gone."""
        read = parse({"title": "step", "start": "/", "steps": [step]}).steps[0]
        await perform(resolved(read, self.variables), self.stage, timeout_ms)
        self.variables.saved.update(self.stage.saved)

    async def settle(self) -> None:
        await settle(self.stage.page, SETTLE_MS)

    async def look(self) -> Look:
        return Look.model_validate(await read_page(self.stage.page, SCRIPT, "look()"))
