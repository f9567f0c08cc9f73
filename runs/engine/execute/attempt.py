"""One execution of one test."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from runs.engine.browser import Accounts, Browser, BrowserUnavailable, Screencast, SignInFailed
from runs.engine.deaths import Death, classify, page_gone
from runs.engine.events import ArtifactFile, AttemptEnded, Event, Failure, Log, StepEnded, StepReport, TestStarted
from runs.engine.execute.attempt_page import AttemptPage, ClosingPages, Recording, open_attempt_page
from runs.engine.execute.evidence import EvidenceKeeper
from runs.engine.kinds import opening
from runs.engine.masking import Masking
from runs.engine.plan import ACCOUNT, Keep, ShardPlan, TestWork
from runs.engine.steps.base import Step, StepFailed
from runs.engine.steps.document import Document, InvalidDocument, resolved
from runs.engine.steps.goto import Goto
from runs.engine.steps.perform import patience, perform
from runs.engine.steps.variables import UnknownVariable, Variables

log = logging.getLogger(__name__)
OPENING = -1
# The news that a browser is gone comes behind the errors of its pages; for so long it is waited for.
NEWS_SECONDS = 0.5
LET_GO_SECONDS = 0.2
# A step minds its own time; one that is twice late has a page, a browser or a driver that answers no more.
LATE = 2.0
LATE_SECONDS = 5.0


class BrowserGone(Exception):
    """The browser or its driver died under an attempt, which says nothing about the test."""


@dataclass(frozen=True)
class ShardContext:
    """What all attempts of a shard share. `emit` takes events, `closing` takes the pages of attempts that are over."""

    browser: Browser
    plan: ShardPlan
    accounts: Accounts
    masking: Masking
    evidence: EvidenceKeeper
    emit: Callable[[Event], None]
    closing: ClosingPages
    screencast: Screencast
    chance: Callable[[], int]
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class AttemptSpec:
    """Which attempt is to be made, in which slot, and what is to be kept of it."""

    slot: int
    work: TestWork
    document: Document
    number: int
    recording: Recording
    pictured: bool = False


class AttemptObserver:
    """Watches one attempt and has a say in it. This one lets everything be as it is."""

    player: AttemptPlayer
    keeps_evidence = True

    async def opened(self, attempt_page: AttemptPage) -> None:
        """Called once the page is there, before the first step."""

    async def before(self, index: int, step: Step) -> Step | None:
        """The step as it is to be done; None ends the attempt here. The opening's place is `OPENING`."""
        return step

    async def after(self, index: int, step: Step, failure: Failure | None) -> Failure | None:
        """What counts as the step's failure."""
        return failure

    async def played(self, failure: Failure | None) -> Failure | None:
        """What the attempt failed by, now that no step is left; its page is still open."""
        return failure

    async def left(self) -> None:
        """Called when playing is over, however it ended."""

    def artifacts(self) -> tuple[ArtifactFile, ...]:
        """Files that were kept on the way."""
        return ()

    async def over(self, ended: AttemptEnded) -> None:
        """Called when all is measured and kept, while the page is still open."""


class AttemptPlayer:
    """Plays a document once. Raises `BrowserGone`, and `BrowserUnavailable` when there is no browser at all."""

    def __init__(self, shard: ShardContext, spec: AttemptSpec, observer: AttemptObserver | None = None) -> None:
        self.shard = shard
        self.spec = spec
        self.observer = observer or AttemptObserver()
        self.observer.player = self
        self.steps: list[StepReport] = []
        self.attempt_page: AttemptPage | None = None
        self.state: dict[str, Any] | None = None
        site = shard.plan.site.seen_as(spec.document.auth or ACCOUNT)
        # What was tried with writes held back is played so as well: with them it would be another test.
        read_only = shard.plan.read_only or not spec.work.writes
        self.plan = shard.plan.model_copy(update={"site": site, "read_only": read_only})
        # Each attempt draws values of its own: what the attempt before it has created under others is still there.
        self.variables = Variables(site, spec.work.row, Random(shard.chance()), shard.clock())  # noqa: S311

    async def carry_out(self) -> AttemptEnded:
        started_at, began = self.shard.clock().timestamp(), time.perf_counter()
        try:
            failure = await self._failure()
            took = time.perf_counter() - began
            vitals = await self.attempt_page.measured() if self.attempt_page else ()
            artifacts = await self._kept(failed=failure is not None)
            ended = self._ended(started_at, took, failure, artifacts, vitals)
            await self.observer.over(ended)
            return ended
        finally:
            if self.attempt_page is not None:
                self.shard.closing.close_later(self.attempt_page)

    async def _failure(self) -> Failure | None:
        """Play, and say in a failure what went wrong, whatever it was."""
        limit_ms = self.shard.plan.options.test_timeout_ms
        # A time-out counts from where it is made; this limit begins after the sign-in, which all tests of a role share.
        limit = asyncio.timeout(None)
        try:
            document = self.spec.document
            self.state = await self.shard.accounts.state(document.auth) if document.auth else None
            async with limit:
                limit.reschedule(asyncio.get_running_loop().time() + limit_ms / 1000)
                recording = self.spec.recording
                self.attempt_page = await open_attempt_page(
                    self.shard.browser, self.plan, document, self.state, recording
                )
                self.attempt_page.stage.saved = self.variables.saved
                self.shard.screencast.follow(self.spec.slot, self.spec.work.title, self.attempt_page.page)
                return await self._unless_it_breaks(self.attempt_page)
        except SignInFailed as error:
            return Failure(kind="blocked", message=f"The test starts signed in. {error}")
        except TimeoutError:
            message = f"The test was stopped after {limit_ms / 1000:g} s, which is its limit"
            # A context that opens too slowly and a browser that hangs end here as well; neither is the test's fault.
            if limit.expired() and await self._browser_answers():
                return Failure(kind="timeout", message=message, step=self._next if self.attempt_page else None)
            raise BrowserGone("The browser did not answer") from None
        except (BrowserUnavailable, BrowserGone):
            raise
        except Exception as error:
            if page_gone(error):
                return await self._lost(error)
            self.shard.masking.error(error)
            log.exception("attempt %s of result %s broke", self.spec.number, self.spec.work.result)
            return Failure(kind="crash", message=f"Sentri broke here: {type(error).__name__}: {error}", step=self._next)

    async def _browser_answers(self) -> bool:
        browser = self.shard.browser
        return await (self.attempt_page.answers(browser) if self.attempt_page else browser.answers())

    async def _unless_it_breaks(self, attempt_page: AttemptPage) -> Failure | None:
        """After a crash some calls never answer, so the crash itself ends the play."""
        playing, breaking = (
            asyncio.ensure_future(self._play(attempt_page)),
            asyncio.ensure_future(attempt_page.broken()),
        )
        try:
            await asyncio.wait({playing, breaking}, return_when=asyncio.FIRST_COMPLETED)
            # The step that waited fails as well when its page crashes; the crash is what happened.
            if playing.done() and not attempt_page.crashed:
                return playing.result()
            # The place is read before anybody is asked who died: meanwhile the step that waited ends, and is counted.
            (kind, message), step = await breaking, self._next
            # A browser that is killed tells of its pages' crashes before its own.
            if attempt_page.crashed and not await self._browser_answers():
                raise BrowserGone(message)
            return Failure(kind=kind, message=message, step=step)
        finally:
            breaking.cancel()
            if playing.cancel():
                await asyncio.wait({playing}, timeout=LET_GO_SECONDS)
            elif not playing.cancelled():
                playing.exception()

    async def _lost(self, error: Exception) -> Failure:
        """The page is gone. By itself, unless it turns out that the browser or the driver went with it."""
        deadline = time.monotonic() + NEWS_SECONDS
        while self.attempt_page and classify(error) is not Death.DRIVER and self.attempt_page.browser_alive:
            if time.monotonic() > deadline:
                message = "The page closed itself while the test was using it"
                return Failure(kind="crash", message=message, step=self._next)
            await asyncio.sleep(0.05)
        raise BrowserGone(str(error)) from error

    async def _play(self, attempt_page: AttemptPage) -> Failure | None:
        await self.observer.opened(attempt_page)
        try:
            return await self.observer.played(await self._steps(attempt_page))
        finally:
            await self.observer.left()

    async def _steps(self, attempt_page: AttemptPage) -> Failure | None:
        soft: Failure | None = None
        for index, written in self._script():
            step = await self.observer.before(index, written)
            if step is None:
                break
            failure = await self.observer.after(index, step, await self._step(attempt_page, index, step))
            if failure is None or step.optional:
                continue
            if not step.soft:
                return failure
            soft = soft or failure
        return soft

    def _script(self) -> Iterator[tuple[int, Step]]:
        """The opening, if there is one, and the document's steps, each with its place in the document."""
        path = self.spec.document.opening
        if path is not None:
            yield OPENING, Goto.model_validate(opening(path))
        yield from enumerate(self.spec.document.steps)

    @property
    def _next(self) -> int:
        """Place of the step that is under way."""
        return len(self.steps) + (0 if self.spec.document.opening is None else OPENING)

    async def _step(self, attempt_page: AttemptPage, index: int, step: Step) -> Failure | None:
        began = time.perf_counter()
        step, failure = await self.performed(attempt_page, index, step)
        self._report(index, step, time.perf_counter() - began, failure)
        return failure

    async def performed(self, attempt_page: AttemptPage, index: int, step: Step) -> tuple[Step, Failure | None]:
        """Does a step, unreported. Gives the step with its variables filled in, and why it failed if it did."""
        failure: Failure | None = None
        try:
            step = resolved(step, self.variables)
            async with asyncio.timeout(LATE_SECONDS + LATE * patience(step, self.shard.plan.options.timeout_ms) / 1000):
                await perform(step, attempt_page.stage, self.shard.plan.options.timeout_ms)
        except TimeoutError:
            # Raised further it becomes `BrowserGone`, so that the attempt is made again.
            if not await self._browser_answers():
                raise
            message = f"“{step.sentence()}” got no answer from the page; a script may run for ever"
            failure = Failure(kind="timeout", message=message, step=index)
        except StepFailed as error:
            failure = Failure(
                kind=error.kind, message=error.message, step=index, expected=error.expected, received=error.received
            )
        except (InvalidDocument, UnknownVariable) as error:
            failure = Failure(kind="document", message=str(error), step=index)
        return step, failure

    def _report(self, index: int, step: Step, seconds: float, failure: Failure | None) -> None:
        report = StepReport(
            index=index,
            do=step.do,
            sentence=step.sentence(),
            ok=failure is None,
            duration_ms=round(seconds * 1000),
            error=failure.message if failure else None,
        )
        self.steps.append(report)
        self.shard.emit(StepEnded(self.spec.work.result, self.spec.number, report))

    async def _kept(self, failed: bool) -> tuple[ArtifactFile, ...]:
        """Files of the attempt, as its options want them. The video comes last: it closes the context."""
        attempt_page, options, evidence = self.attempt_page, self.shard.plan.options, self.shard.evidence
        if attempt_page is None or not self.observer.keeps_evidence:
            return ()
        result, number = self.spec.work.result, self.spec.number
        kept: list[ArtifactFile | None] = []
        if wanted(options.screenshot, failed) or self.spec.pictured:
            kept.append(await evidence.screenshot(attempt_page, result, number))
        if wanted(options.trace, failed):
            kept.append(await evidence.trace(attempt_page, result, number))
        if wanted(options.video, failed):
            kept.append(await evidence.video(attempt_page, result, number))
        return (*self.observer.artifacts(), *(artifact for artifact in kept if artifact))

    def _ended(
        self,
        started_at: float,
        seconds: float,
        failure: Failure | None,
        artifacts: tuple[ArtifactFile, ...],
        vitals: tuple[dict[str, Any], ...],
    ) -> AttemptEnded:
        seen = self.attempt_page.watch if self.attempt_page else None
        return AttemptEnded(
            result=self.spec.work.result,
            attempt=self.spec.number,
            passed=failure is None,
            started_at=started_at,
            duration_ms=round(seconds * 1000),
            steps=tuple(self.steps),
            failure=failure,
            artifacts=artifacts,
            console=tuple(seen.console_errors) if seen else (),
            requests=tuple(seen.requests) if seen else (),
            vitals=vitals,
        )


async def made(start: Callable[[], AttemptPlayer]) -> AttemptEnded:
    """Make an attempt; once more where the browser died under it, or the session that it was to start with."""
    for last in (False, True):
        attempt = start()
        shard, spec = attempt.shard, attempt.spec
        result, started_at = spec.work.result, shard.clock().timestamp()
        # With the same number: an attempt that a browser took with it uses up no retry (R11).
        shard.emit(TestStarted(result, spec.number))
        try:
            ended = await attempt.carry_out()
        except BrowserGone:
            shard.emit(Log("warning", f"The browser died under “{spec.work.title}”; the attempt is made again."))
            continue
        # A session that is over shows as any failure at all. Looking opens a page, so it follows failures only
        # (decision 20).
        if last or ended.passed or not await _signed_in_anew(attempt):
            return ended
        shard.emit(Log("warning", f"The session was over under “{spec.work.title}”; the attempt is made again."))
    failure = Failure(kind="crash", message="The browser died twice while the test was using it")
    return AttemptEnded(result, spec.number, False, started_at, 0, tuple(attempt.steps), failure)


async def _signed_in_anew(attempt: AttemptPlayer) -> bool:
    role = attempt.spec.document.auth
    try:
        return role is not None and await attempt.shard.accounts.renewed(role, attempt.state)
    except SignInFailed:
        return False


def wanted(keep: Keep, failed: bool) -> bool:
    return keep == "on" or (keep == "on_failure" and failed)
