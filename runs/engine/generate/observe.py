"""Cases are carried out in the browser, and what came of them is written down."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from runs.engine.browser import Error
from runs.engine.generate.cases import Answer, Case, Observation, Step
from runs.engine.generate.visit import Visit, Visits
from runs.engine.page.look import Look
from runs.engine.steps.base import StepFailed
from runs.engine.steps.document import InvalidDocument
from runs.engine.steps.variables import UnknownVariable

CASE_SECONDS = 8
FAILURES = (Error, StepFailed, InvalidDocument, UnknownVariable, TimeoutError)


async def observe(visits: Visits, case: Case) -> Observation:
    """Carry out a case in a fresh context, within 8 seconds. Never raises for what the application does."""
    try:
        async with asyncio.timeout(CASE_SECONDS), visits.open(signed_in=case.signed_in, writes=case.writes) as visit:
            return await (_asked(visit, case) if case.fetch else _tried(visit, case))
    except FAILURES as error:
        return Observation(case, problem=sentence(error))


async def glance(visits: Visits, path: str) -> Look | None:
    """What a stranger sees at a path; None when it does not open."""
    try:
        async with asyncio.timeout(CASE_SECONDS), visits.open(signed_in=False, writes=False) as visit:
            await visit.start(path)
            return await visit.look()
    except FAILURES:
        return None


def sentence(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else f"it took longer than {CASE_SECONDS} seconds"


def single(step: Step, look: Look) -> Step:
    """The step with the first of several links of one name, where all of them lead to the same place."""
    target = step.get("target", {})
    if step["do"] != "click" or target.get("role") != "link" or "nth" in target or not target.get("exact"):
        return step
    goals = [one.href for one in look.pressables if (one.role, one.name) == ("link", target["name"])]
    return step | {"target": target | {"nth": 0}} if len(goals) > 1 and len(set(goals)) == 1 else step


async def _tried(visit: Visit, case: Case) -> Observation:
    await visit.start(case.start)
    before = None
    if case.steps:
        for step in case.steps[:-1]:
            await visit.do(step)
        if len(case.steps) > 1:
            await visit.settle()
        before = await visit.look()
        case = replace(case, steps=(*case.steps[:-1], single(case.steps[-1], before)))
        await visit.do(case.steps[-1])
        await visit.settle()
    after = await visit.look()
    watch = visit.stage.watch
    failed = tuple(line for line in watch.failed_requests if visit.stage.site.origin in line)
    return Observation(case, before, after, console_errors=tuple(watch.console_errors), failed_requests=failed)


async def _asked(visit: Visit, case: Case) -> Observation:
    response = await visit.stage.http.get(visit.stage.address(case.fetch), timeout=visit.stage.timeout_ms)
    kind = response.headers.get("content-type", "").split(";")[0].strip()
    try:
        body = await response.json() if "json" in kind else None
    except ValueError:
        body = None
    return Observation(case, answer=Answer(response.status, kind, body))
