"""Making the replays of one proposal: each when it is its turn, and again where the site had trouble of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from runs.engine.browser import Pace
from runs.engine.events import AttemptEnded, Log
from runs.engine.execute.attempt import AttemptPlayer, AttemptSpec, ShardContext, made
from runs.engine.execute.attempt_page import Recording
from runs.engine.plan import ProofPlan, TestWork
from runs.engine.prove.replays import Replay
from runs.engine.prove.revision import Revision
from runs.engine.prove.scheduler import ReplayScheduler

WAITS = (0.5, 2.0, 6.0)
A = TypeVar("A", bound=Replay)
Start = Callable[[Revision], A]


@dataclass(frozen=True)
class ProofContext:
    """What all proofs of a shard share: its context, the plan, the scheduler that gives slots, chance, and the pace."""

    shard: ShardContext
    plan: ProofPlan
    scheduler: ReplayScheduler
    chance: Random
    pace: Pace


@dataclass
class Replaying:
    """`usual` is what the site answers to the proposal however often it is asked, as if it might pass."""

    context: ProofContext
    work: TestWork
    usual: set[str] = field(default_factory=set)

    async def made(
        self, start: Start[A], shard: ShardContext, revision: Revision, number: int, *, pictured: bool
    ) -> tuple[A, AttemptEnded]:
        """Make an attempt once it is its turn; what watched it, and its end.

        Once more, later, three times at most, where the site could not answer something that it otherwise can: what
        such a replay shows is neither the test's nor a mutation's.
        """
        for wait in WAITS:
            replay, ended = await self._once(start, shard, revision, number, pictured)
            news = replay.troubles() - self.usual
            if not news:
                return replay, ended
            said = f"“{self.work.title}” is replayed again: {'; '.join(sorted(news))}."
            self.context.shard.emit(Log("info", self.context.shard.masking.text(said)))
            await asyncio.sleep(wait)
        replay, ended = await self._once(start, shard, revision, number, pictured)
        self.usual |= replay.troubles()
        return replay, ended

    async def _once(
        self, start: Start[A], shard: ShardContext, revision: Revision, number: int, pictured: bool
    ) -> tuple[A, AttemptEnded]:
        kept: list[A] = []

        def begin() -> AttemptPlayer:
            kept.append(start(revision))
            return AttemptPlayer(shard, spec, kept[-1])

        async with self.context.scheduler.slot() as slot:
            await self.context.pace.turn()
            spec = AttemptSpec(slot, self.work, revision.document, number, Recording(), pictured)
            ended = await made(begin)
        return kept[-1], ended
