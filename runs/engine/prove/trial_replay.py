"""The first replay of a proposal: what does not hold of it, and what it touches."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from runs.engine.browser import Error, read_elements, settle
from runs.engine.events import Failure
from runs.engine.execute.attempt import OPENING
from runs.engine.execute.attempt_page import AttemptPage
from runs.engine.page.look import Look
from runs.engine.plan import Target
from runs.engine.prove.figures import changed_figures
from runs.engine.prove.replays import SETTLE_MS, Replay, acts, expects, with_time
from runs.engine.prove.revision import Revision
from runs.engine.prove.scenery import look_at, same
from runs.engine.prove.touched import FACTS, Act, Recorder, Touched
from runs.engine.steps.answer import Answer
from runs.engine.steps.base import Step
from runs.engine.steps.request import Request

TRIAL_MS = 1_500
FACTS_MS = 1_000


class TrialReplay(Replay):
    """The first replay: expectations that do not hold are left out, and what the test touches is written down."""

    def __init__(self, revision: Revision) -> None:
        super().__init__(revision)
        self.dropped: dict[int, Failure] = {}
        self.answers: dict[int, Answer] = {}
        self.touched = Touched({}, frozenset())
        self._at = OPENING
        self._acts: list[Act] = []
        self._looks: list[Look | None] = []

    async def opened(self, attempt_page: AttemptPage) -> None:
        await super().opened(attempt_page)
        self._recorder = Recorder(self.player.shard.plan.site.origin)
        if attempt_page.context is not None:
            self._recorder.listen(attempt_page.context)
        attempt_page.stage.heard = self._heard

    async def before(self, index: int, step: Step) -> Step:
        self._at = self._recorder.step = self.revision.id_at(index)
        if index > OPENING and acts(step):
            self._acts.append(await self._observed(step))
            self._looks.append(await self._settled())
        return with_time(step, TRIAL_MS)

    async def after(self, index: int, step: Step, failure: Failure | None) -> Failure | None:
        if failure is None or step.optional or not expects(step):
            return failure
        self.dropped[self.revision.id_at(index)] = failure
        return None

    async def played(self, failure: Failure | None) -> Failure | None:
        if failure is None:
            self._looks.append(await self._settled())
            self.touched = await self._touched()
        return failure

    async def _touched(self) -> Touched:
        calls = await self._recorder.calls()
        sent = {call.step for call in calls}
        looks = self._looks
        acts_ = tuple(
            replace(act, changed=act.step_id in sent or not same(looks[at], looks[at + 1]))
            for at, act in enumerate(self._acts)
        )
        held = frozenset(self.revision.expectations) - set(self.dropped)
        before, after = looks[-2] if len(looks) > 1 else None, looks[-1]
        figures = await self._figures(before, after) if before and after else ()
        return Touched(self.revision.steps, held, calls, acts_, before, after, figures)

    async def _figures(self, before: Look, after: Look) -> tuple[tuple[str, int], ...]:
        counted: dict[str, int] = {}
        if self.attempt_page is not None:
            with contextlib.suppress(Error):
                for text in changed_figures(before, after):
                    counted[text] = await self.attempt_page.stage.locate(Target(text=text, exact=True)).count()
        return tuple((text, number) for text, number in counted.items() if number)

    async def _observed(self, step: Step) -> Act:
        target, attempt_page = step.aim(), self.attempt_page
        facts: dict[str, Any] = {}
        if target is not None and attempt_page and attempt_page.page and "{{" not in target.model_dump_json():
            with contextlib.suppress(Error):
                located = attempt_page.stage.locate(target).first
                await located.wait_for(state="attached", timeout=FACTS_MS)
                facts = await read_elements(located, FACTS, "factsOf(elements)") or {}
        return Act(self._at, step.do, target, step.sentence(), facts)

    async def _settled(self) -> Look | None:
        page = self.attempt_page.page if self.attempt_page else None
        if page is None:
            return None
        await settle(page, SETTLE_MS)
        return await look_at(page)

    def _heard(self, step: Step, answer: Any) -> None:
        if isinstance(step, Request):
            self.answers[self._at] = answer
