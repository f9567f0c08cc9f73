"""A shard of proposals: several at once, so that a random replay of any of them can be the next."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from random import Random
from secrets import randbits

from runs.engine.browser import Browser, BrowserUnavailable, ClaimCode, Frames, Pace
from runs.engine.deaths import page_gone
from runs.engine.events import Event, Failure, Proved
from runs.engine.execute.attempt import ShardContext
from runs.engine.execute.shard_runner import EngineInputs, Pull, attempts, in_slots, read
from runs.engine.plan import ProofPlan, TestWork
from runs.engine.prove.proving import Proving
from runs.engine.prove.replaying import ProofContext
from runs.engine.prove.scheduler import ReplayScheduler
from runs.engine.steps.document import InvalidDocument

log = logging.getLogger(__name__)
HELD_PER_SLOT = 2


def prove(
    browser: Browser,
    plan: ProofPlan,
    pull: Pull,
    *,
    frames: Frames | None = None,
    chance: Callable[[], int] = lambda: randbits(64),
    claim_code: ClaimCode | None = None,
) -> AsyncGenerator[Event, None]:
    """Prove proposals until `pull` has no more; `plan.options.parallel` replays at a time.

    Twice as many proposals are held, and the next replay is a random one of theirs. Per proposal, in order: for each
    replay that is recorded `TestStarted`, its `StepEnded`s and `AttemptEnded`, then one `Proved`. Replays on trial and
    with a broken application are not recorded, but for a trial that fails. Closing the generator stops everything
    within two seconds. Raises `BrowserUnavailable` when no browser can be had.
    """
    random = Random(chance())  # noqa: S311

    async def work(shard: ShardContext) -> None:
        width = plan.options.parallel
        context = ProofContext(shard, plan, ReplayScheduler(width, random), random, Pace(plan.requests_per_second))

        async def run_slot(_number: int) -> None:
            while (proposal := await pull()) is not None:
                shard.emit(await _proved(context, proposal))

        await in_slots(shard, HELD_PER_SLOT * width, run_slot)

    return attempts(EngineInputs(browser, plan, frames, chance, claim_code), work)


async def _proved(context: ProofContext, work: TestWork) -> Proved:
    """What breaks us on one proposal speaks against that one alone; what ends the browser ends the shard."""
    made = work.attempts_before
    try:
        read(work, context.plan.site)
    except InvalidDocument as error:
        failure = Failure(kind="document", message=str(error))
    else:
        proving = Proving(context, work)
        try:
            return await proving.carry_out()
        except BrowserUnavailable:
            raise
        except Exception as error:
            if page_gone(error):
                raise
            context.shard.masking.error(error)
            log.exception("the proof of result %s broke", work.result)
            made = proving.made
            message = f"Sentri broke here: {type(error).__name__}: {error}"
            failure = Failure(kind="crash", message=message)
    return Proved(work.result, "failed", made, 0, work.document, {"replays": work.replays, "passed": 0}, failure)
