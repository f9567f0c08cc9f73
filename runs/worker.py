"""A worker at work: which shard it takes, the stages of a run that it carries out, and how all of that ends."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any, cast

from django.conf import settings
from django.db import DatabaseError
from pydantic import SecretStr, ValidationError
from structlog.contextvars import bound_contextvars

from projects import accounts
from projects.models import Test
from projects.secrets import SecretUnreadable
from runs import frames, heartbeats, judging, ledger, meters, queue, reading, states, storage, tracing
from runs.drive import TICK_SECONDS, Drive, Inbox, Loop
from runs.engine.browser import Browser, BrowserUnavailable, ClaimCode
from runs.engine.crawl import closed, crawl
from runs.engine.crawl.unreachable import Unvisited
from runs.engine.deaths import browser_gone
from runs.engine.events import Event, Log
from runs.engine.execute import execute, try_sign_in
from runs.engine.generate import Crawled, KnownTest, Observation, PlannedCases, Survey, observe, plan_cases, propose
from runs.engine.netguard import Blocked
from runs.engine.plan import ShardPlan
from runs.engine.prove import prove
from runs.models import Run, Shard
from runs.queue import pulses
from runs.queue.cluster import patience

log = logging.getLogger(__name__)
IDLE_SECONDS = 0.2
UNFIT_SECONDS = 1.0
CONNECT_TRIES = 3
CONNECT_AGAIN_SECONDS = 1.0
LOOK_AROUND_SECONDS = 2.0


class Stopping(Exception):
    """The cluster was asked to stop, or others wait: what this worker holds is given back."""


def work(shard_id: int) -> None:
    """Works on the shard that deserves a worker most, until its run has nothing left for it.

    The message says that some shard waits; the one that it names may have been taken with another message.
    """
    if heartbeats.unfit():
        _pass_on(shard_id)
        return
    held = ledger.take(heartbeats.worker_name())
    if held is None:
        return
    with bound_contextvars(run=f"{Run.PREFIX}-{held.run}", shard=held.index, lease=held.number, worker=held.worker):
        log.info("shard held")
        with pulses.own.allowed(pulses.TASK, patience()):
            over = _worked_off(held)
        log.info("shard finished" if over else "shard left")
        if over:
            # The message for it is on its way as well; whoever comes second finds nothing to judge.
            judging.judge(held.run)


def _pass_on(shard_id: int) -> None:
    """Leaves work to those with a browser; slowly, for they may all be busy, or none may be there."""
    sent_at = Shard.objects.filter(pk=shard_id).values_list("sent_at", flat=True).first()
    if sent_at is not None:
        time.sleep(UNFIT_SECONDS)
        ledger.pass_on(shard_id, sent_at)


def _worked_off(held: ledger.Hold) -> bool:
    """Carries out a lease to its end; False where its work stays to be done, or its run has failed."""
    try:
        # A lease that is gone has nothing to give back; finishing it changes nothing.
        with contextlib.suppress(ledger.StaleLease):
            ShardWorker(held).work()
        ledger.finish(held)
        return True
    except Stopping:
        ledger.give_back(held)
    except DatabaseError:
        log.exception("shard %s: the database is away; the lease runs out and the shard is queued again", held.shard)
    except (Unvisited, Blocked) as error:
        ledger.fail(held.run, str(error), error.category)
    except reading.OptionsInvalid as error:
        ledger.fail(held.run, str(error), "internal")
    except (reading.SecretsMissing, SecretUnreadable) as error:
        ledger.fail(held.run, str(error), "secrets_missing")
    except Exception as error:  # noqa: BLE001
        _broke(held, error)
    finally:
        storage.leave(held.run)
        heartbeats.idle()
    return False


def _broke(held: ledger.Hold, error: Exception) -> None:
    """Leaves the lease to another process: this one, its browser or Sentri itself broke."""
    if isinstance(error, BrowserUnavailable):
        # One that was killed while it was starting says the same as one that cannot start.
        ledger.forfeit(held, str(error), "browser")
        queue.retire()
    elif browser_gone(error):
        log.warning("shard %s: the browser or its driver died under it: %s", held.shard, error)
        ledger.forfeit(held)
    else:
        log.error("shard %s broke", held.shard, exc_info=error)
        ledger.forfeit(held, f"Sentri broke while it worked on this run: {type(error).__name__}: {error}")
        # The process may be what is broken, so another one takes its place (decision 31).
        queue.retire()


def try_one_sign_in(number: int) -> None:
    """Tries a sign-in, once: somebody waits for it, and can ask again."""
    row = ledger.begin_trial(number)
    if row is None:
        return
    with pulses.own.allowed(pulses.TASK, patience()), bound_contextvars(trial=number):
        try:
            site = reading.site(row).seen_as(row.role)
            drive: Drive[Any] = Drive(lambda _: ((), False), lambda events: ledger.record_trial(number, events), _tick)
            code = _claiming_codes(drive.inbox)
            drive.run(lambda _pull: _with_browser(lambda browser: try_sign_in(browser, site, number, claim_code=code)))
        except (BrowserUnavailable, reading.SecretsMissing, SecretUnreadable, Stopping) as error:
            ledger.fail_trial(number, str(error) or "The worker was stopped; try it again.")
        except DatabaseError:
            log.exception("trial %s: the database is away; it is told as lost", number)
        except Exception as error:
            log.exception("trial %s broke", number)
            ledger.fail_trial(number, f"Sentri broke while it signed in: {type(error).__name__}: {error}")


def _tick() -> None:
    if queue.stopping():
        raise Stopping


class TimeOver(Exception):
    """The stage's share of the crawl's minutes is used up."""


class ShardWorker:
    """One lease at work: carries out the run's stages as long as they have something for it."""

    def __init__(self, held: ledger.Hold) -> None:
        self.held = held
        self.window = frames.Window(held.run, held.index)
        self.renewed = self.looked = self.ticked = time.monotonic()
        self.done: set[str] = set()
        self.yielding = False
        self.ends: float | None = None

    def work(self) -> None:
        while True:
            run = Run.objects.select_related("project").get(pk=self.held.run)
            if run.status != states.RUNNING:
                raise ledger.StaleLease
            if run.stage not in self.done and self._carried_out(run):
                self.done.add(run.stage)
            if self.yielding:
                raise Stopping
            if run.stage in self.done and states.next_stage(run.kind, run.stage) is None:
                return
            self.tick()
            time.sleep(IDLE_SECONDS)

    def _carried_out(self, run: Run) -> bool:
        """Carries out the run's stage within its share of the crawl's time; whether nothing of it is left for us."""
        left = ledger.seconds_to_end(run)
        self.ends = None if left is None else time.monotonic() + left
        try:
            return STAGES[run.stage](self, run)
        except TimeOver:
            # No end any more, for keeping an unfinished stage ticks as well.
            self.ends = None
            ledger.stop_stage(self.held, run.stage)
            if run.stage in states.LONE:
                UNFINISHED[run.stage](self)
            return True
        finally:
            self.ends = None
            heartbeats.idle()

    def tick(self) -> None:
        """Renews the lease in time. Raises StaleLease soon after an abort or a lost lease, Stopping, and TimeOver."""
        if queue.stopping():
            raise Stopping
        if self.ends is not None and time.monotonic() >= self.ends:
            raise TimeOver
        # A renewal asks the same; in between a read is enough to hear of an abort (R20).
        if not self.renew():
            ledger.wanted(self.held)
        self._look_around()
        self.window.tick()
        self.ticked = time.monotonic()

    def beat(self) -> None:
        """Ticks where it is time to; for work without a pipeline, which calls it as often as it can."""
        pulses.own.beat(pulses.TASK)
        if time.monotonic() - self.ticked >= TICK_SECONDS:
            self.tick()

    def renew(self) -> bool:
        """Renews the lease when it is time to; raises StaleLease where it is lost."""
        pulses.own.beat(pulses.TASK)
        due = time.monotonic() - self.renewed >= settings.ENV.renew_seconds
        if due:
            ledger.renew(self.held)
            self.renewed = time.monotonic()
        return due

    def _look_around(self) -> None:
        """Claims nothing more once somebody with a better claim to this worker waits; what is begun is finished."""
        if self.yielding or time.monotonic() - self.looked < LOOK_AROUND_SECONDS:
            return
        self.looked = time.monotonic()
        self.yielding = ledger.should_yield(self.held.lease, self.held.run)
        if self.yielding:
            meters.count(meters.YIELDS)

    def record(self, events: Any) -> None:
        # Files first, so that no row names a file that is not there (decision 8); those of refused events go again.
        kept = storage.keep(self.held.run, events, self.renew)
        try:
            storage.drop(self.held.run, ledger.record(self.held, kept))
        except ledger.StaleLease:
            storage.drop(self.held.run, kept)
            raise
        heartbeats.recorded(kept)
        tracing.attempts(self.held, kept)

    def execute(self, run: Run) -> bool:
        plan, retries = reading.shard_plan(run), run.options.get("retries", 0)
        self._require_site(plan)
        self._drive(
            lambda wanted: ledger.claim(self.held, retries, wanted, hedging=run.options.get("hedge", True)),
            lambda browser, pull, code: execute(browser, plan, pull, frames=self.window, claim_code=code),
        )
        return True

    def prove(self, run: Run) -> bool:
        plan = reading.proof_plan(run)
        self._require_site(plan)
        self._drive(
            lambda wanted: ledger.claim_proofs(self.held, wanted),
            lambda browser, pull, code: prove(browser, plan, pull, frames=self.window, claim_code=code),
        )
        return True

    def _drive(
        self, claiming: Callable[[int], ledger.Claim[Any]], start: Callable[[Browser, Any, ClaimCode], Any]
    ) -> None:
        """Drives a pipeline that pulls what `claiming` hands out; it is not asked any more once others wait."""

        def claim(wanted: int) -> tuple[Sequence[Any], bool]:
            if self.yielding:
                return (), False
            claimed = claiming(wanted)
            heartbeats.claimed(self.held.run, self.held.index, claimed.works)
            return claimed.works, claimed.more

        drive = Drive(claim, self.record, self.tick)
        code = _claiming_codes(drive.inbox)
        drive.run(lambda pull: _with_browser(lambda browser: cast("AsyncIterator[Event]", start(browser, pull, code))))

    def _require_site(self, plan: ShardPlan) -> None:
        """Raises Unvisited where nothing listens at the run's address, after giving it a moment to come up."""
        for left in reversed(range(CONNECT_TRIES)):
            # By the browser, for Python trusts other authorities (decision 35).
            problem = Loop.current().run(closed(_browser, plan.site, settings.GUARD), self.tick)
            if problem is None:
                return
            if not left:
                raise problem
            self.tick()
            time.sleep(CONNECT_AGAIN_SECONDS)

    def crawl(self, run: Run) -> bool:
        plan, first = reading.crawl_plan(run), self.held.index == 0
        self._drive(
            lambda wanted: ledger.claim_pages(self.held, plan.options.max_pages, wanted),
            lambda browser, pull, code: crawl(browser, plan, pull, first=first, frames=self.window, claim_code=code),
        )
        return True

    def plan(self, run: Run) -> bool:
        if not ledger.take_stage(self.held, states.PLAN):
            return False
        heartbeats.busy(self.held.run, self.held.index, "plans what to try")
        # Before the plan, which may be of what changed alone.
        ledger.learn_application(run.pk, self.beat)
        plan, pages = reading.crawl_plan(run), reading.snapshots(run.pk, self.beat)
        changed = reading.changed_templates(run) if plan.options.generate_for == "changed" else None
        found: list[PlannedCases] = []
        drive: Drive[Any] = Drive(lambda _wanted: ((), False), found.extend, self.tick)
        code = _claiming_codes(drive.inbox)
        drive.run(lambda _pull: _with_browser(lambda b: plan_cases(b, plan, pages, changed, claim_code=code)))
        for planned in found:
            works = [case.model_dump(mode="json", exclude_defaults=True) for case in planned.cases]
            ledger.keep_plan(self.held, planned.survey.model_dump(mode="json"), works, planned.counted, planned.logs)
        return True

    def observe(self, run: Run) -> bool:
        plan, crawled = reading.crawl_plan(run), self._crawled(run)
        self._drive(
            lambda wanted: ledger.claim_cases(self.held, wanted),
            lambda browser, pull, code: observe(browser, plan, crawled, pull, claim_code=code),
        )
        return True

    def propose(self, run: Run) -> bool:
        if not ledger.take_stage(self.held, states.PROPOSE):
            return False
        heartbeats.busy(self.held.run, self.held.index, "proposes tests")
        seen: list[Observation] = []
        for outcome in reading.observations(run.pk):
            self.beat()
            with contextlib.suppress(ValidationError):  # what broke us so early that it is no observation was told then
                seen.append(Observation.model_validate(outcome))
        known = [
            KnownTest(title, body, mark, f"{Test.PREFIX}-{pk}") for pk, title, body, mark in reading.known_tests(run)
        ]
        found = propose(self._crawled(run), seen, known, reading.known_signatures(run), self.beat)
        ledger.keep_proposals(self.held, found.proposals, found.counted, found.logs)
        return True

    def _crawled(self, run: Run) -> Crawled:
        options = reading.crawl_options(run)
        pages = reading.snapshots(run.pk, self.beat)
        return Crawled(tuple(pages), options).surveyed(Survey.model_validate(run.survey))

    def score(self, _run: Run) -> bool:
        if not ledger.take_stage(self.held, states.SCORE):
            return False
        heartbeats.busy(self.held.run, self.held.index, "scores tests")
        ledger.keep_tests(self.held, self.beat)
        return True

    def plan_nothing(self) -> None:
        """A plan that was not ready in time is none."""
        why = [Log("warning", "There was no time to plan what to try: nothing is proposed.")]
        ledger.keep_plan(self.held, Survey().model_dump(mode="json"), (), {"cases": 0}, why)

    def propose_nothing(self) -> None:
        ledger.keep_proposals(self.held, (), None, [Log("warning", "There was no time to propose tests.")])


UNFINISHED: dict[str, Callable[[ShardWorker], object]] = {
    states.PLAN: ShardWorker.plan_nothing,
    states.PROPOSE: ShardWorker.propose_nothing,
    states.SCORE: lambda worker: ledger.keep_tests(worker.held, worker.beat, in_time=False),
}
STAGES: dict[str, Callable[[ShardWorker, Run], bool]] = {
    states.EXECUTE: ShardWorker.execute,
    states.CRAWL: ShardWorker.crawl,
    states.PLAN: ShardWorker.plan,
    states.OBSERVE: ShardWorker.observe,
    states.PROPOSE: ShardWorker.propose,
    states.PROVE: ShardWorker.prove,
    states.SCORE: ShardWorker.score,
}


def _claiming_codes(inbox: Inbox[Any]) -> ClaimCode:
    """Asks the main thread for one-time codes: it has the database, where all workers see which were given out."""

    async def claim_code(secret: SecretStr, window: int) -> bool:
        return await inbox.ask(lambda: accounts.claim_code(secret.get_secret_value(), window))

    return claim_code


async def _browser() -> Browser:
    """This process's browser, which stays open for later shards."""
    kept = Loop.current().kept
    if "browser" not in kept:
        kept["browser"] = await Browser(guard=settings.GUARD).__aenter__()
    return cast("Browser", kept["browser"])


async def _with_browser(start: Callable[[Browser], AsyncIterator[Event | PlannedCases]]) -> AsyncIterator[Any]:
    """The stream of a pipeline on this process's browser."""
    async with aclosing(cast("AsyncGenerator[Any, None]", start(await _browser()))) as stream:
        async for event in stream:
            yield event
