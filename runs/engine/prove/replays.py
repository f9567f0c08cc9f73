"""Two ways to look at a replay of a proposal: clean, and with the application broken."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from runs.engine.browser import Writes, settle
from runs.engine.events import ArtifactFile, AttemptEnded, Failure, Wrote
from runs.engine.execute.attempt import OPENING, AttemptObserver
from runs.engine.execute.attempt_page import AttemptPage
from runs.engine.kinds import kind_named
from runs.engine.page.look import Look
from runs.engine.passing import troubles
from runs.engine.prove.mutations.base import Mutation, MutationEffect
from runs.engine.prove.revision import Revision
from runs.engine.prove.scenery import look_at
from runs.engine.steps.base import Step
from runs.engine.steps.perform import LOADING
from runs.engine.traffic import blanked

SETTLE_MS = 2_500
AGAIN_MS = 100


def expects(step: Step) -> bool:
    """Whether a step only looks: a request both acts and expects, so it is no mere expectation."""
    return step.role == "expect"


def acts(step: Step) -> bool:
    return step.role == "act"


class Replay(AttemptObserver):
    """Tells, recorded or not, what an attempt sends that could change something."""

    def __init__(self, revision: Revision) -> None:
        self.revision = revision
        self.attempt_page: AttemptPage | None = None
        self._sent: list[dict[str, Any]] = []
        self._writes = Writes(self._wrote)

    def troubles(self) -> frozenset[str]:
        """What the site itself answered that may be otherwise soon: "GET /cart answered 500"."""
        watch = self.attempt_page.watch if self.attempt_page else None
        heard = [*self._sent, *(watch.requests if watch else ())]
        own = (request for request in heard if not self._is_ours(request["method"], request["url"]))
        return frozenset(troubles(own, self.player.shard.plan.site.origin))

    async def opened(self, attempt_page: AttemptPage) -> None:
        self.attempt_page = attempt_page
        attempt_page.stage.sent = self._heard_of
        if attempt_page.context is not None:
            self._writes.follow(attempt_page.context)

    async def left(self) -> None:
        await self._writes.finish()

    def _heard_of(self, method: str, url: str, status: int | None, data: Any) -> None:
        self._sent.append({"method": method, "url": url, "status": status})
        self._writes.sent(method, url, status, data)

    def _is_ours(self, method: str, url: str) -> bool:
        """Whether a request was answered by us in the application's place."""
        return False

    def _wrote(self, method: str, url: str, status: int | None, held_back: bool) -> None:
        title = self.player.spec.work.title
        self.player.shard.emit(Wrote(method, blanked(url), status, held_back, f"replayed to prove: {title}"))


class CleanReplay(Replay):
    """A replay on the application as it is. Looks before the last action and at the end.

    `before_act` is called before the last act is done, with its place. `then` is called with a replay that passed,
    while its page is still open. What `before_act` took is no time of the test's. `spoilt`: it left the page otherwise
    than it was, so that the replay ends there and says nothing. `interfered`: it tried something at all.
    """

    def __init__(
        self,
        revision: Revision,
        last_act: int = OPENING,
        before_act: Callable[[CleanReplay, AttemptPage, int], Awaitable[None]] | None = None,
        then: Callable[[CleanReplay, AttemptPage], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(revision)
        self._last_act = last_act
        self._before_act = before_act
        self._then = then
        self.spoilt = self.interfered = False
        self.tried_ms = 0
        self._before_picture: ArtifactFile | None = None
        self.before_last_act: Look | None = None
        self.after_all: Look | None = None

    async def before(self, index: int, step: Step) -> Step | None:
        attempt_page, spec = self.attempt_page, self.player.spec
        if attempt_page is not None and attempt_page.page is not None and index > OPENING:
            if index == 0 and spec.pictured:
                evidence = self.player.shard.evidence
                self._before_picture = await evidence.screenshot(attempt_page, spec.work.result, spec.number, "before")
            if self.revision.id_at(index) == self._last_act:
                self.before_last_act = await look_at(attempt_page.page)
                if self._before_act is not None:
                    began = time.monotonic()
                    await self._before_act(self, attempt_page, index)
                    self.tried_ms = round((time.monotonic() - began) * 1000)
                    if self.spoilt:
                        return None  # the act is not done: what it would send is of no use to anybody
        return step

    async def played(self, failure: Failure | None) -> Failure | None:
        if failure is None and self.attempt_page is not None and self.attempt_page.page is not None:
            self.after_all = await look_at(self.attempt_page.page)
        return failure

    def artifacts(self) -> tuple[ArtifactFile, ...]:
        return (self._before_picture,) if self._before_picture else ()

    async def over(self, ended: AttemptEnded) -> None:
        fit = ended.passed and not self.spoilt and self.after_all is not None
        if self._then is not None and self.attempt_page is not None and fit:
            await self._then(self, self.attempt_page)


class BrokenReplay(Replay):
    """A replay in which the application is broken in one way. All expectations are asked, also behind a failed one.

    Steps whose ids are not among `own` are candidates: what they notice counts only where the test itself notices
    nothing.
    Nobody is shown what a broken application looks like.
    """

    keeps_evidence = False

    def __init__(self, revision: Revision, mutation: Mutation, own: Collection[int], pace_ms: int) -> None:
        super().__init__(revision)
        self.mutation = mutation
        self._to_strike = set(mutation.before_steps)
        self._own = own
        self._pace_ms = pace_ms
        self.effect = MutationEffect()
        self.look: Look | None = None
        self.noticed: dict[int, Failure] = {}
        self._late = 0.0

    async def opened(self, attempt_page: AttemptPage) -> None:
        await super().opened(attempt_page)
        attempt_page.stage.explains = False
        if attempt_page.context is not None:
            await self.mutation.prepare(attempt_page.context, self.effect)

    async def before(self, index: int, step: Step) -> Step | None:
        attempt_page = self.attempt_page
        if attempt_page is None or attempt_page.context is None:
            return None
        step_id = self.revision.id_at(index)
        if acts(step):
            self._late = 0.0
        if self.noticed and (acts(step) or step_id not in self._own):
            return None
        due = {before for before in self._to_strike if before <= step_id}
        if due:
            self._to_strike -= due
            await settle(attempt_page.stage.page, self.player.shard.plan.options.timeout_ms)
            await self.mutation.strike(attempt_page.stage, self.effect)
        return self._hurried(step_id, step)

    async def after(self, index: int, step: Step, failure: Failure | None) -> Failure | None:
        if failure is None or step.optional:
            return None
        self.noticed[self.revision.id_at(index)] = failure
        return None if expects(step) else failure

    async def played(self, failure: Failure | None) -> Failure | None:
        page = self.attempt_page.page if self.attempt_page else None
        if page is not None and not self.noticed:
            await settle(page, SETTLE_MS)
        if page is not None:
            await self.mutation.after(page, self.effect)
            # What is noticed can be seen.
            self.look = None if self.noticed else await look_at(page)
        return next(iter(self.noticed.values()), failure)

    def _is_ours(self, method: str, url: str) -> bool:
        return (method, url) in self.effect.answered

    def _wrote(self, method: str, url: str, status: int | None, held_back: bool) -> None:
        """What the mutation answers does not leave the browser."""
        super()._wrote(method, url, status, held_back or self._is_ours(method, url))

    def _hurried(self, step_id: int, step: Step) -> Step:
        """Once the application is broken, steps have the short pace; before that, the patience that tests have.

        A step that comes too late before that would say of a busy machine that it notices the mutation, or keep the
        mutation from being applied. Expectations in a row share one pace: while the first waits in vain, the page has
        its time as well. An act that is swallowed is done like any other, for it is all that the mutation concerns.
        """
        swallowed = self.mutation.of_act_alone and step_id in self.mutation.before_steps
        if swallowed or not self._is_broken(step_id):
            return step
        if not expects(step):
            short = self._pace_ms * (LOADING if step.loads_page else 1)
            return step.model_copy(update={"timeout": step.timeout or short})
        now = time.monotonic()
        self._late = self._late or now + self._pace_ms / 1000
        return with_time(step, max(AGAIN_MS, round((self._late - now) * 1000)))

    def _is_broken(self, step_id: int) -> bool:
        """Whether the mutation is there when a step begins; nothing is before the test is opened."""
        return step_id > OPENING and (
            self.effect.hits > 0 or any(before <= step_id for before in self.mutation.before_steps)
        )


def with_time(step: Step, timeout_ms: int) -> Step:
    return step.model_copy(update={"timeout": timeout_ms}) if expects(step) else step


def slowest(steps: Sequence[Any]) -> int:
    """Milliseconds of the slowest step of reports, loading a page counted as a third."""
    shares = (step.duration_ms // (LOADING if kind_named(step.do).loads_page else 1) for step in steps)
    return max(shares, default=0)
