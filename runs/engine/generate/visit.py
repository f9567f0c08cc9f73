"""A visit: a fresh context on the site, and the steps of a case carried out in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from runs.engine.browser import Browser, SignInFailed, close_context, settle, sign_in, watch
from runs.engine.generate.cases import ACCOUNT, Step
from runs.engine.page.look import SCRIPT, Look
from runs.engine.plan import CrawlPlan
from runs.engine.steps.base import Stage
from runs.engine.steps.document import parse, resolved
from runs.engine.steps.perform import perform
from runs.engine.steps.variables import Variables

STEP_MS = 3_000
SETTLE_MS = 2_500


@dataclass
class Visits:
    """Opens visits; each sign-in is gone through once, when the first visit asks for it."""

    browser: Browser
    plan: CrawlPlan
    _states: dict[str, dict[str, Any] | SignInFailed] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def state(self, auth: str) -> dict[str, Any]:
        """The storage state of a sign-in. Raises `SignInFailed`, each time the same for the same sign-in."""
        async with self._lock:
            if auth not in self._states:
                self._states[auth] = await self._signed_in(auth)
            found = self._states[auth]
        if isinstance(found, SignInFailed):
            raise found
        return found

    async def _signed_in(self, auth: str) -> dict[str, Any] | SignInFailed:
        site = self.plan.site
        known = site.credentials if auth == ACCOUNT else site.profiles.get(auth)
        if known is None:
            return SignInFailed(f"There is no sign-in called {auth}.")
        mine = site.model_copy(update={"credentials": known})
        try:
            return await sign_in(self.browser, mine, self.plan.options, allow_private=self.plan.allow_private)
        except SignInFailed as refusal:
            return refusal

    @asynccontextmanager
    async def open(self, *, auth: str = "", writes: bool = False) -> AsyncIterator[Visit]:
        """A visit in a fresh context, closed at its end. Without `writes` no request leaves that changes anything.

        Raises `SignInFailed`.
        """
        read_only = self.plan.options.read_only or not writes
        context = await self.browser.context(
            self.plan.options,
            self.plan.site,
            state=await self.state(auth) if auth else None,
            allow_private=self.plan.allow_private,
            read_only=read_only,
        )
        try:
            page = await context.new_page()
            stage = Stage(self.plan.site, context.request, STEP_MS, opened=page, watching=watch(page))
            chance = Random()  # noqa: S311
            yield Visit(stage, Variables(self.plan.site, {}, chance, datetime.now(UTC)), read_only)
        finally:
            await close_context(context)


@dataclass(frozen=True)
class Visit:
    stage: Stage
    variables: Variables
    read_only: bool = True

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
        return Look.model_validate(await self.stage.page.evaluate(SCRIPT))
