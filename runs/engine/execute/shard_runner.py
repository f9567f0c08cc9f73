"""A shard: so many contexts at a time, each pulling its next test when it is free."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from secrets import randbits
from typing import Any

from runs.engine.browser import Accounts, Browser, BrowserUnavailable, ClaimCode, Frames, Screencast
from runs.engine.deaths import page_gone
from runs.engine.events import Event, Failure, TestEnded
from runs.engine.execute.attempt import AttemptPlayer, AttemptSpec, ShardContext, made
from runs.engine.execute.attempt_page import ClosingPages, Recording
from runs.engine.execute.evidence import EvidenceKeeper
from runs.engine.execute.retry_policy import RetryPolicy
from runs.engine.plan import ACCOUNT, ShardPlan, Site, TestWork
from runs.engine.steps.document import Document, InvalidDocument, parse
from runs.engine.stream import STOP_SECONDS, Events, streamed, together

log = logging.getLogger(__name__)
Pull = Callable[[], Awaitable[TestWork | None]]


def execute(
    browser: Browser,
    plan: ShardPlan,
    pull: Pull,
    *,
    frames: Frames | None = None,
    chance: Callable[[], int] = lambda: randbits(64),
    claim_code: ClaimCode | None = None,
) -> AsyncGenerator[Event, None]:
    """Execute tests until `pull` has no more, `plan.options.parallel` at a time.

    Per test, in order: `TestStarted`, its `StepEnded`s and `AttemptEnded` for each attempt, and one `TestEnded`.
    The opening of the start page is reported as step -1; the document's steps count from 0. With trace on_failure
    an attempt is recorded when it is a repetition, or when it cannot be repeated: every test that fails in the end
    has a trace, and a test that passes at once does not pay for one. `frames` is shown the pages in use while it wants
    them; a slot is a number below `plan.options.parallel`. `claim_code` keeps workers from entering the same one-time
    code. Closing the generator stops everything within
    two seconds. Raises `BrowserUnavailable` when no browser can be had.
    """
    given = EngineInputs(browser, plan, frames, chance, claim_code)
    return attempts(given, lambda shard: ShardRunner(shard, pull).work())


@dataclass(frozen=True)
class EngineInputs:
    """What a pipeline of attempts is given from outside."""

    browser: Browser
    plan: ShardPlan
    frames: Frames | None
    chance: Callable[[], int]
    claim_code: ClaimCode | None


Work = Callable[[ShardContext], Coroutine[Any, Any, None]]


def attempts(given: EngineInputs, work: Work) -> AsyncGenerator[Event, None]:
    """What `work` emits while it makes attempts; closing the generator stops it within two seconds."""
    events: Events = asyncio.Queue()
    browser, plan, emit = given.browser, given.plan, events.put_nowait
    accounts = Accounts(browser, plan.site, plan.options, emit=emit, claim_code=given.claim_code)
    masking = accounts.masking
    shard = ShardContext(
        browser,
        plan,
        accounts,
        masking,
        EvidenceKeeper(plan, masking, emit),
        emit,
        ClosingPages(),
        Screencast(given.frames),
        given.chance,
        lambda: datetime.now(UTC),
    )
    return streamed(events, masking, lambda: work(shard))


async def in_slots(shard: ShardContext, count: int, run_slot: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """So many at a time, the screencast with them; the first error of any ends all and is raised."""
    try:
        async with shard.screencast:
            await together(*(run_slot(number) for number in range(count)))
    finally:
        await shard.closing.all_closed(STOP_SECONDS)


class ShardRunner:
    def __init__(self, shard: ShardContext, pull: Pull) -> None:
        self._shard = shard
        self._plan = shard.plan
        self._emit = shard.emit
        self._pull = pull

    async def work(self) -> None:
        await in_slots(self._shard, self._plan.options.parallel, self._slot)

    async def _slot(self, number: int) -> None:
        while (work := await self._pull()) is not None:
            await self._end(number, work)

    async def _end(self, slot: int, work: TestWork) -> None:
        """What breaks us on one test speaks against that one alone; what ends the browser ends the shard."""
        try:
            await self._resolve(slot, work)
        except BrowserUnavailable:
            raise
        except Exception as error:
            if page_gone(error):
                raise
            self._shard.masking.error(error)
            log.exception("result %s broke", work.result)
            message = f"Sentri broke here: {type(error).__name__}: {error}"
            failure = Failure(kind="crash", message=message)
            self._emit(TestEnded(work.result, "failed", work.attempts_before, 0, failure))

    async def _resolve(self, slot: int, work: TestWork) -> None:
        began = time.perf_counter()
        try:
            document = read(work, self._plan.site)
        except InvalidDocument as error:
            failure = Failure(kind="document", message=str(error))
            self._emit(TestEnded(work.result, "failed", work.attempts_before, 0, failure))
            return
        policy = RetryPolicy(work)
        outcome, failure_before = None, None
        while outcome is None:
            options = self._plan.options
            recording = Recording(policy.recorded(options.trace), policy.recorded(options.video))
            spec = AttemptSpec(slot, work, document, policy.number, recording)
            ended = await made(partial(AttemptPlayer, self._shard, spec))
            self._emit(ended)
            # A flaky test has passed in the end; its result still says what it had failed by.
            failure_before = ended.failure or failure_before
            outcome = policy.ended(ended.passed)
        duration_ms = round((time.perf_counter() - began) * 1000)
        self._emit(TestEnded(work.result, outcome, policy.made, duration_ms, failure_before))


def read(work: TestWork, site: Site) -> Document:
    """The document of a work, as somebody can sign in and all of whose variables have values.

    Raises `InvalidDocument`.
    """
    document = parse(work.document)
    known = site.seen_as(document.auth or ACCOUNT)
    problems = document.unknown_sign_in(site) or document.unknown_variables(known, work.row)
    if problems:
        raise InvalidDocument(problems)
    return document
