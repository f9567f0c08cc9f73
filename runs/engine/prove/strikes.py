"""What is tried on the pages of clean replays, so that it needs no replay of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runs.engine.browser import Error
from runs.engine.execute.attempt_page import AttemptPage
from runs.engine.page.look import Look
from runs.engine.prove import choosing
from runs.engine.prove.asking import Identified
from runs.engine.prove.before_act import BeforeAct
from runs.engine.prove.candidates import Seen, candidates
from runs.engine.prove.choosing import Tried
from runs.engine.prove.in_place import InPlace
from runs.engine.prove.mutations import Mutation
from runs.engine.prove.reloading import Reloading
from runs.engine.prove.replaying import ProofContext
from runs.engine.prove.replays import CleanReplay, expects
from runs.engine.prove.revision import Revision
from runs.engine.prove.touched import Touched


@dataclass(frozen=True)
class Known:
    """What is known of a proposal while a clean replay is made: what it is by now, what it touches, what was seen."""

    revision: Revision
    touched: Touched
    seen: Sequence[Seen]

    @property
    def clean(self) -> list[Look]:
        """How the page looked behind the last act."""
        return [after for _, after in self.seen if after is not None]

    def candidates(self, covers: Callable[[Any], bool]) -> dict[int, dict[str, Any]]:
        """Expectations that the test could have, by the ids that they would have; none that names what is secret."""
        steps = list(self.revision.written.values())
        found = [step for step in candidates(self.seen, steps, self.touched.figures) if not covers(step)]
        return dict(enumerate(found, self.revision.first_free))

    def behind_last_act(self, found: Mapping[int, dict[str, Any]]) -> tuple[list[Identified], list[Identified]]:
        """Expectations that are asked once all is done: the test's own, and those that it could have."""
        steps, last = self.revision.with_added(found).steps, self.touched.last_act
        behind = [(step_id, step) for step_id, step in steps.items() if step_id > last and expects(step)]
        own = [(step_id, step) for step_id, step in behind if step_id not in found]
        return own, [(step_id, step) for step_id, step in behind if step_id in found]


@dataclass
class Strikes:
    """The mutations to try (`ways`, chosen once), and what came of those that clean replays have tried.

    `swallowed` were tried before the last act, when the test could have had the expectations `expectable`; `struck`
    were put to the page at the end. Each clean replay begins both anew.
    """

    context: ProofContext
    ways: list[Mutation] = field(default_factory=list)
    swallowed: list[Tried] = field(default_factory=list)
    expectable: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    struck: list[Tried] = field(default_factory=list)

    def begin(self) -> None:
        """Another clean replay begins: what the one before has tried counts no more."""
        self.swallowed, self.struck = [], []

    async def before_act(
        self, known: Known, replay: CleanReplay, attempt_page: AttemptPage, place: int, pace_ms: int
    ) -> None:
        """Tries what keeps the last act from doing anything, just before it is done.

        Says where that spoils the replay.
        """
        before, last = replay.before_last_act, known.touched.last_act
        ways = [mutation for mutation in self._ways(known) if choosing.before_act(mutation, known.touched)]
        if not ways or before is None:
            return
        self.expectable = known.candidates(self._covers)
        own, more = known.behind_last_act(self.expectable)
        act = known.revision.steps[last]
        trying = BeforeAct(replay.player, attempt_page, place, last, act, before, own, more, known.clean, pace_ms)
        replay.interfered = True
        try:
            await trying.put(ways)
        finally:
            replay.spoilt = trying.spoilt
        self.swallowed = trying.tried

    async def at_end(
        self, known: Known, replay: CleanReplay, attempt_page: AttemptPage, pace_ms: int, usual: Collection[str]
    ) -> None:
        """Tries what can be tried on the page that a clean replay has ended on."""
        ways = [mutation for mutation in self._ways(known) if choosing.in_place(mutation, known.touched)]
        others = [mutation for mutation in self._ways(known) if choosing.at_reload(mutation, known.touched)]
        own, more = known.behind_last_act(known.candidates(self._covers))
        striking = InPlace(replay.player, attempt_page, own, more, known.clean)
        with contextlib.suppress(Error, TimeoutError):  # of a page that is gone nothing is known
            async with asyncio.timeout(self.context.plan.options.test_timeout_ms / 1000):
                await striking.put(ways)
                self.struck = list(striking.tried)
                await self._reload(others, known, striking, pace_ms, usual)

    async def _reload(
        self, mutations: Sequence[Mutation], known: Known, striking: InPlace, pace_ms: int, usual: Collection[str]
    ) -> None:
        page, _ = known.touched.last_page
        if page is None:
            return
        reloading = Reloading(
            attempt=striking.attempt,
            attempt_page=striking.attempt_page,
            url=page.url,
            own=striking.own,
            candidates=striking.candidates,
            calm=striking.calm,
            clean=known.clean,
            pace_ms=pace_ms,
            pace=self.context.pace,
            usual=usual,
        )
        try:
            await reloading.put(mutations, [*self.swallowed, *self.struck])
        finally:
            self.struck += reloading.tried

    def tried(self, found: Mapping[int, dict[str, Any]]) -> list[Tried]:
        """All that clean replays have tried; `found` are the candidates by their ids now."""
        # Candidates have their ids by their order, and another look may have shown others since.
        ids = {then: next((now for now in found if found[now] == step), None) for then, step in self.expectable.items()}
        return [*(outcome.renumbered(ids) for outcome in self.swallowed), *self.struck]

    def left(self, known: Known, tried: Sequence[Tried]) -> list[Mutation]:
        """The mutations that need a replay of their own."""
        mutations = [outcome.mutation for outcome in tried]
        ways = [mutation for mutation in self._ways(known) if mutation not in mutations]
        return choosing.bounded(ways, known.touched, replayed=True)

    def _ways(self, known: Known) -> list[Mutation]:
        self.ways = self.ways or choosing.ways(known.touched, self.context.plan.max_breakages, self.context.chance)
        return self.ways

    def _covers(self, step: Any) -> bool:
        return self.context.shard.masking.covers(step)
