"""Mutations by which the last act of a test does nothing, tried in a clean replay just before that act.

Its event is swallowed, so that the page stays as it was, and the act is done for real afterwards. A replay of its own
would open the same pages once more for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from runs.engine.browser import Request, settle
from runs.engine.execute.attempt import AttemptPlayer
from runs.engine.execute.attempt_page import AttemptPage
from runs.engine.page.look import Look
from runs.engine.prove.asking import Identified, failing
from runs.engine.prove.choosing import Tried
from runs.engine.prove.mutations.base import Mutation, MutationEffect
from runs.engine.prove.scenery import differs, look_at, same
from runs.engine.steps.base import Step


@dataclass
class BeforeAct:
    """Tries mutations on the page that the act with `place` and `step_id` is about to be done on.

    `own` are the test's expectations behind the act by their ids, `candidates` those that it could have; together they
    wait for `pace_ms`. `clean` are looks at the page behind the act. `spoilt` says that the page may not be as it was
    `before`, or that a request was sent: neither what the replay says from then on nor what the last mutation showed is
    to be relied on.
    """

    attempt: AttemptPlayer
    attempt_page: AttemptPage
    place: int
    step_id: int
    act: Step
    before: Look
    own: Sequence[Identified]
    candidates: Sequence[Identified]
    clean: Sequence[Look]
    pace_ms: int
    tried: list[Tried] = field(default_factory=list)
    spoilt: bool = False

    async def put(self, mutations: Sequence[Mutation]) -> None:
        """Try the mutations until the page is spoilt. Raises where it is gone."""
        stage = self.attempt_page.stage
        stage.explains = False
        try:
            for mutation in mutations:
                # Whatever ends this half-way has left the page in an unknown state.
                self.spoilt = True
                outcome = await self._struck(mutation)
                if outcome is None:
                    return
                self.tried.append(outcome)
                self.spoilt = False
        finally:
            stage.explains = True

    async def _struck(self, mutation: Mutation) -> Tried | None:
        page, effect, requests = self.attempt_page.stage.page, MutationEffect(), list[Request]()
        await settle(page, self.pace_ms)

        def heard(request: Request) -> None:
            requests.append(request)

        page.context.on("request", heard)
        try:
            await mutation.strike(self.attempt_page.stage, effect)
            await self.attempt.performed(self.attempt_page, self.place, self.act)
            await mutation.after(page, effect)
            await mutation.release(page)
            await settle(page, self.pace_ms)
        finally:
            page.context.remove_listener("request", heard)
        if not effect.hits or requests:
            return None  # the act came about by another event, and may have done its work, or a part of it
        noticed = await failing(self.attempt, self.attempt_page, self.own, self.pace_ms)
        reached = {self.step_id, *(step_id for step_id, _ in self.own)}
        if not noticed:  # what a candidate notices counts only where the test itself notices nothing
            noticed = await failing(self.attempt, self.attempt_page, self.candidates, self.pace_ms)
            reached |= {step_id for step_id, _ in self.candidates}
        look = await look_at(page)
        if not same(self.before, look):
            return None
        effective = bool(noticed) or differs(self.clean, look)
        return Tried(mutation.kind, mutation.what, effective, frozenset(reached), noticed, mutation)
