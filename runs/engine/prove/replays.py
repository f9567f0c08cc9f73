"""Three ways to replay a proposal: on trial, clean, and with the application broken."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from runs.engine.browser import Error, Writes, read_elements, settle
from runs.engine.events import ArtifactFile, AttemptEnded, Failure, Wrote
from runs.engine.execute.attempt import OPENING, AttemptPlayer, AttemptSpec, ShardContext
from runs.engine.execute.attempt_page import AttemptPage
from runs.engine.kinds import kind_named
from runs.engine.page.look import Look
from runs.engine.passing import troubles
from runs.engine.plan import Target
from runs.engine.prove.figures import changed_figures
from runs.engine.prove.mutations.base import Mutation, MutationEffect
from runs.engine.prove.scenery import look_at, same
from runs.engine.prove.touched import FACTS, Act, Recorder, Touched
from runs.engine.steps.answer import Answer
from runs.engine.steps.base import Step
from runs.engine.steps.perform import LOADING
from runs.engine.steps.request import Request
from runs.engine.traffic import blanked

SETTLE_MS = 2_500
TRIAL_MS = 1_500
AGAIN_MS = 100
FACTS_MS = 1_000


def expects(step: Step) -> bool:
    """Whether a step only looks: a request both acts and expects, so it is no mere expectation."""
    return step.role == "expect"


def acts(step: Step) -> bool:
    return step.role == "act"


class Replay(AttemptPlayer):
    """An attempt that tells, recorded or not, what it sends that could change something."""

    def __init__(self, shard: ShardContext, spec: AttemptSpec) -> None:
        super().__init__(shard, spec)
        self._requests: list[dict[str, Any]] = []

    def troubles(self) -> frozenset[str]:
        """What the site itself answered that may be otherwise soon: "GET /cart answered 500"."""
        watch = self.attempt_page.watch if self.attempt_page else None
        heard = [*self._requests, *(watch.requests if watch else ())]
        own = (request for request in heard if not self._is_ours(request["method"], request["url"]))
        return frozenset(troubles(own, self.shard.plan.site.origin))

    def _is_ours(self, method: str, url: str) -> bool:
        """Whether a request was answered by us in the application's place."""
        return False

    async def _play(self, attempt_page: AttemptPage) -> Failure | None:
        writes = Writes(self._wrote)

        def sent(method: str, url: str, status: int | None, data: Any) -> None:
            self._requests.append({"method": method, "url": url, "status": status})
            writes.sent(method, url, status, data)

        attempt_page.stage.sent = sent
        if attempt_page.context is not None:
            writes.follow(attempt_page.context)
        try:
            return await self._replayed(attempt_page)
        finally:
            await writes.finish()

    async def _replayed(self, attempt_page: AttemptPage) -> Failure | None:
        return await super()._play(attempt_page)

    def _wrote(self, method: str, url: str, status: int | None, held_back: bool) -> None:
        self.shard.emit(Wrote(method, blanked(url), status, held_back, f"replayed to prove: {self.spec.work.title}"))


class TrialReplay(Replay):
    """The first replay: expectations that do not hold are left out, and what the test touches is written down."""

    def __init__(self, shard: ShardContext, spec: AttemptSpec) -> None:
        super().__init__(shard, spec)
        self.dropped: dict[int, Failure] = {}
        self.answers: dict[int, Answer] = {}
        self.touched = Touched(spec.document.steps, frozenset())

    async def _replayed(self, attempt_page: AttemptPage) -> Failure | None:
        recorder = Recorder(self.shard.plan.site.origin)
        if attempt_page.context is not None:
            recorder.listen(attempt_page.context)
        attempt_page.stage.heard = self._heard
        played: list[Act] = []
        looks: list[Look | None] = []
        for index, step in self._script():
            recorder.step = index
            if index >= 0 and acts(step):
                played.append(await self._observed(attempt_page, index, step))
                looks.append(await self._settled(attempt_page))
            failure = await self._step(attempt_page, index, _with_time(step, TRIAL_MS))
            if failure is None or step.optional:
                continue
            if not expects(step):
                return failure
            self.dropped[index] = failure
        looks.append(await self._settled(attempt_page))
        await self._keep(attempt_page, recorder, played, looks)
        return None

    async def _keep(
        self, attempt_page: AttemptPage, recorder: Recorder, played: list[Act], looks: list[Look | None]
    ) -> None:
        calls = await recorder.calls()
        sent = {call.step for call in calls}
        acts_ = tuple(
            replace(act, changed=act.index in sent or not same(looks[at], looks[at + 1]))
            for at, act in enumerate(played)
        )
        steps = self.spec.document.steps
        held = frozenset(at for at, step in enumerate(steps) if expects(step) and at not in self.dropped)
        before, after = looks[-2] if len(looks) > 1 else None, looks[-1]
        figures = await self._figures(attempt_page, before, after) if before and after else ()
        self.touched = Touched(steps, held, calls, acts_, before, after, figures)

    async def _figures(self, attempt_page: AttemptPage, before: Look, after: Look) -> tuple[tuple[str, int], ...]:
        counted: dict[str, int] = {}
        with contextlib.suppress(Error):
            for text in changed_figures(before, after):
                counted[text] = await attempt_page.stage.locate(Target(text=text, exact=True)).count()
        return tuple((text, number) for text, number in counted.items() if number)

    async def _observed(self, attempt_page: AttemptPage, index: int, step: Step) -> Act:
        target = step.aim()
        facts: dict[str, Any] = {}
        if target is not None and attempt_page.page is not None and "{{" not in target.model_dump_json():
            with contextlib.suppress(Error):
                located = attempt_page.stage.locate(target).first
                await located.wait_for(state="attached", timeout=FACTS_MS)
                facts = await read_elements(located, FACTS, "factsOf(elements)") or {}
        return Act(index, step.do, target, step.sentence(), facts)

    async def _settled(self, attempt_page: AttemptPage) -> Look | None:
        if attempt_page.page is None:
            return None
        await settle(attempt_page.page, SETTLE_MS)
        return await look_at(attempt_page.page)

    def _heard(self, step: Step, answer: Any) -> None:
        if isinstance(step, Request):
            self.answers[self._next] = answer


class CleanReplay(Replay):
    """A replay on the application as it is. Looks before the last action and at the end.

    `then` is called with a replay that passed, while its page is still open.
    """

    def __init__(
        self,
        shard: ShardContext,
        spec: AttemptSpec,
        last_act: int = -1,
        then: Callable[[CleanReplay, AttemptPage], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(shard, spec)
        self._last_act = last_act
        self._then = then
        self._before_picture: ArtifactFile | None = None
        self.before: Look | None = None
        self.after: Look | None = None

    async def _replayed(self, attempt_page: AttemptPage) -> Failure | None:
        failure = await super()._replayed(attempt_page)
        if failure is None and attempt_page.page is not None:
            self.after = await look_at(attempt_page.page)
        return failure

    async def _step(self, attempt_page: AttemptPage, index: int, step: Step) -> Failure | None:
        if attempt_page.page is not None and index == 0 and self.spec.pictured:
            spec = self.spec
            self._before_picture = await self.shard.evidence.screenshot(
                attempt_page, spec.work.result, spec.number, "before"
            )
        if attempt_page.page is not None and index >= 0 and index == self._last_act:
            self.before = await look_at(attempt_page.page)
        return await super()._step(attempt_page, index, step)

    async def _kept(self, failed: bool) -> tuple[ArtifactFile, ...]:
        kept = await super()._kept(failed)
        return (self._before_picture, *kept) if self._before_picture else kept

    async def _over(self, ended: AttemptEnded) -> None:
        if self._then is not None and self.attempt_page is not None and self.after is not None and ended.passed:
            await self._then(self, self.attempt_page)


class BrokenReplay(Replay):
    """A replay in which the application is broken in one way. All expectations are asked, also behind a failed one.

    Steps from the place `own` on are candidates: what they notice counts only where the test itself notices nothing.
    """

    def __init__(
        self, shard: ShardContext, spec: AttemptSpec, mutation: Mutation, touched: Touched, own: int, pace_ms: int
    ) -> None:
        super().__init__(shard, spec)
        self.mutation = mutation
        self._own = own
        self._pace_ms = pace_ms
        self.effect = MutationEffect()
        self.look: Look | None = None
        self.noticed: dict[int, Failure] = {}
        self._touched = touched
        self._late = 0.0

    async def _replayed(self, attempt_page: AttemptPage) -> Failure | None:
        if attempt_page.context is None:
            return None
        attempt_page.stage.explains = False
        await self.mutation.prepare(attempt_page.context, self.effect)
        for index, step in self._script():
            if acts(step):
                self._late = 0.0
            if self.noticed and (acts(step) or index >= self._own):
                break
            if index in self.mutation.places:
                await settle(attempt_page.stage.page, self.shard.plan.options.timeout_ms)
                await self.mutation.strike(attempt_page.stage, index, self.effect)
            failure = await self._step(attempt_page, index, self._hurried(index, step))
            if failure is not None and not step.optional:
                self.noticed[index] = failure
                if not expects(step):
                    break
        await self._end(attempt_page)
        return next(iter(self.noticed.values()), None)

    def _is_ours(self, method: str, url: str) -> bool:
        return (method, url) in self.effect.answered

    def _wrote(self, method: str, url: str, status: int | None, held_back: bool) -> None:
        """What the mutation answers does not leave the browser."""
        super()._wrote(method, url, status, held_back or (method, url) in self.effect.answered)

    async def _end(self, attempt_page: AttemptPage) -> None:
        if attempt_page.page is not None and not self.noticed:
            await settle(attempt_page.page, SETTLE_MS)
        if attempt_page.page is not None:
            await self.mutation.after(attempt_page.page, self.effect)
            # What is noticed can be seen.
            self.look = None if self.noticed else await look_at(attempt_page.page)

    async def _kept(self, failed: bool) -> tuple[ArtifactFile, ...]:
        """Nobody is shown what a broken application looks like."""
        return ()

    def _hurried(self, index: int, step: Step) -> Step:
        """Once the application is broken, steps have the short pace; before that, the patience that tests have.

        A step that comes too late before that would say of a busy machine that it notices the mutation, or keep the
        mutation from being applied. Expectations in a row share one pace: while the first waits in vain, the page has
        its time as well.
        """
        if not self._is_broken(index):
            return step
        if not expects(step):
            short = self._pace_ms * (LOADING if step.loads_page else 1)
            return step.model_copy(update={"timeout": step.timeout or short})
        now = time.monotonic()
        self._late = self._late or now + self._pace_ms / 1000
        return _with_time(step, max(AGAIN_MS, round((self._late - now) * 1000)))

    def _is_broken(self, index: int) -> bool:
        """Whether the mutation is there when a step begins; nothing is before the test is opened."""
        return index > OPENING and (self.effect.hits > 0 or any(place <= index for place in self.mutation.places))


def _with_time(step: Step, timeout_ms: int) -> Step:
    return step.model_copy(update={"timeout": timeout_ms}) if expects(step) else step


def slowest(steps: Sequence[Any]) -> int:
    """Milliseconds of the slowest step of reports, loading a page counted as a third."""
    shares = (step.duration_ms // (LOADING if kind_named(step.do).loads_page else 1) for step in steps)
    return max(shares, default=0)
