"""A visit: a fresh context on the site, and the steps of a case or a draft carried out in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from runs.engine.browser import Browser, close_context, settle, watch
from runs.engine.generate.cases import Step
from runs.engine.page.look import SCRIPT, Look
from runs.engine.plan import CrawlPlan
from runs.engine.steps.base import Stage, StepFailed
from runs.engine.steps.document import parse, resolved
from runs.engine.steps.perform import perform
from runs.engine.steps.variables import Variables

STEP_MS = 3_000
SETTLE_MS = 2_500


@dataclass(frozen=True)
class Visits:
    """Opens visits; `state` is that of the signed-in account, if there is one."""

    browser: Browser
    plan: CrawlPlan
    state: dict[str, Any] | None = None

    @asynccontextmanager
    async def open(self, *, signed_in: bool, writes: bool) -> AsyncIterator[Visit]:
        """A visit in a fresh context, closed at its end. Without `writes` no request leaves that changes anything."""
        read_only = self.plan.options.read_only or not writes
        context = await self.browser.context(
            self.plan.options,
            self.plan.site,
            state=self.state if signed_in else None,
            allow_private=self.plan.allow_private,
            read_only=read_only,
        )
        try:
            page = await context.new_page()
            stage = Stage(self.plan.site, context.request, STEP_MS, opened=page, watching=watch(page))
            chance = Random()  # noqa: S311
            yield Visit(stage, Variables(self.plan.site, {}, chance, datetime.now(UTC)))
        finally:
            await close_context(context)


@dataclass(frozen=True)
class Visit:
    stage: Stage
    variables: Variables

    async def start(self, path: str) -> None:
        await self.stage.page.goto(self.stage.address(path), timeout=self.stage.timeout_ms * 2)
        await self.settle()

    async def do(self, step: Step, timeout_ms: int = STEP_MS) -> None:
        """Raises `StepFailed`, or an error of Playwright when the page is gone."""
        read = parse({"title": "step", "start": "/", "steps": [step]}).steps[0]
        await perform(resolved(read, self.variables), self.stage, timeout_ms)

    async def settle(self) -> None:
        await settle(self.stage.page, SETTLE_MS)

    async def look(self) -> Look:
        return Look.model_validate(await self.stage.page.evaluate(SCRIPT))

    async def play(self, steps: Iterable[Step], patience_ms: int) -> list[Step]:
        """Carry out all steps; expectations that do not hold are left out of what comes back.

        Raises `StepFailed` when anything but an expectation fails.
        """
        held = []
        acted = False
        for step in steps:
            expects = str(step["do"]).startswith("expect_")
            if expects and acted:
                await self.settle()
            acted = not expects
            try:
                await self.do(step, patience_ms if expects else STEP_MS)
                held.append(step)
            except StepFailed:
                if not expects:
                    raise
        return held
