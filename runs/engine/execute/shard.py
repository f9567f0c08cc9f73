"""A shard: so many contexts at a time, each pulling its next test when it is free."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from secrets import randbits

from runs.engine.artifacts import Masking
from runs.engine.browser import Accounts, Browser, Cast, Frames, SignInFailed
from runs.engine.events import AttemptEnded, Event, Failure, Log, TestEnded, TestStarted
from runs.engine.execute.attempt import Attempt, BrowserGone, House, Order
from runs.engine.execute.course import Course
from runs.engine.execute.evidence import Evidence
from runs.engine.execute.scene import Exits, Recording
from runs.engine.plan import ACCOUNT, ShardPlan, TestWork
from runs.engine.steps.document import Document, InvalidDocument, parse

Pull = Callable[[], Awaitable[TestWork | None]]
STOP_SECONDS = 2.0


async def execute(
    browser: Browser,
    plan: ShardPlan,
    pull: Pull,
    *,
    frames: Frames | None = None,
    chance: Callable[[], int] = lambda: randbits(64),
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncGenerator[Event, None]:
    """Execute tests until `pull` has no more, `plan.options.parallel` at a time.

    Per test, in order: `TestStarted`, its `StepEnded`s and `AttemptEnded` for each attempt, and one `TestEnded`.
    The opening of the start page is reported as step -1; the document's steps count from 0. With trace on_failure
    an attempt is recorded when it is a repetition, or when it cannot be repeated: every test that fails in the end
    has a trace, and a test that passes at once does not pay for one. `frames` is shown the pages in use while it wants
    them; a slot is a number below `plan.options.parallel`. Closing the generator stops everything within
    two seconds. Raises `BrowserUnavailable` when no browser can be had.
    """
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    emit, masking = events.put_nowait, Masking(plan.site.secret_texts())
    accounts = Accounts(browser, plan.site, plan.options, allow_private=plan.allow_private, emit=emit)
    evidence = Evidence(plan, masking, emit)
    house = House(browser, plan, accounts, masking, evidence, emit, Exits(), Cast(frames), chance, clock)
    crew = asyncio.ensure_future(Shard(house, pull).work())
    crew.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield event
        await crew
    finally:
        crew.cancel()
        await asyncio.wait({crew}, timeout=STOP_SECONDS)


class Shard:
    def __init__(self, house: House, pull: Pull) -> None:
        self._house = house
        self._plan = house.plan
        self._emit = house.emit
        self._pull = pull

    async def work(self) -> None:
        try:
            async with self._house.cast, asyncio.TaskGroup() as slots:
                for number in range(self._plan.options.parallel):
                    slots.create_task(self._slot(number))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            await self._house.exits.all_closed(STOP_SECONDS)

    async def _slot(self, number: int) -> None:
        while (work := await self._pull()) is not None:
            await self._resolve(number, work)

    async def _resolve(self, slot: int, work: TestWork) -> None:
        began = time.perf_counter()
        try:
            document = self._read(work)
        except InvalidDocument as error:
            failure = Failure(kind="document", message=self._house.masking.text(str(error)))
            self._emit(TestEnded(work.result, "failed", work.attempts_before, 0, failure))
            return
        course = Course(work)
        outcome, failure_before = None, None
        while outcome is None:
            options = self._plan.options
            pictured = course.last_replay and options.screenshot != "off"
            recording = Recording(course.recorded(options.trace), course.recorded(options.video))
            ended = await self._attempt(Order(slot, work, document, course.number, recording, pictured))
            self._emit(ended)
            failure_before = ended.failure or failure_before
            outcome = course.ended(ended.passed)
        duration_ms = round((time.perf_counter() - began) * 1000)
        self._emit(TestEnded(work.result, outcome, course.made, duration_ms, failure_before))

    def _read(self, work: TestWork) -> Document:
        document = parse(work.document)
        site = self._plan.site
        known = site.seen_as(document.auth or ACCOUNT)
        problems = document.unknown_sign_in(site) or document.unknown_variables(known, work.row)
        if problems:
            raise InvalidDocument(problems)
        return document

    async def _attempt(self, order: Order) -> AttemptEnded:
        """Make the attempt; once more where the browser died under it, or the session that it was to start with."""
        result, title = order.work.result, order.work.title
        started_at = self._house.clock().timestamp()
        for last in (False, True):
            self._emit(TestStarted(result, order.number))
            attempt = Attempt(self._house, order)
            try:
                ended = await attempt.carry_out()
            except BrowserGone:
                self._emit(Log("warning", f"The browser died under “{title}”; the attempt is made again."))
                continue
            if last or ended.passed or not await self._signed_in_anew(attempt):
                return ended
            self._emit(Log("warning", f"The session was over under “{title}”; the attempt is made again."))
        failure = Failure(kind="crash", message="The browser died twice while the test was using it")
        return AttemptEnded(result, order.number, False, started_at, 0, tuple(attempt.steps), failure)

    async def _signed_in_anew(self, attempt: Attempt) -> bool:
        role = attempt.order.document.auth
        try:
            return role is not None and await self._house.accounts.renewed(role, attempt.state)
        except SignInFailed:
            return False
