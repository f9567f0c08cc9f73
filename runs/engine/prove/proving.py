"""One proposal on its way to a proof: a trial, clean replays, mutations, and what is left of the test then."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median
from typing import Any

from runs.engine.events import AttemptEnded, Event, Failure, Log, Proved, TestStarted, Wrote
from runs.engine.execute.attempt import OPENING, ShardContext
from runs.engine.execute.attempt_page import AttemptPage
from runs.engine.generate.selecting import asserts_something_visible
from runs.engine.page.look import Look
from runs.engine.plan import TestWork
from runs.engine.prove import answers, choosing
from runs.engine.prove.candidates import Seen
from runs.engine.prove.choosing import Tried
from runs.engine.prove.mutations import Mutation
from runs.engine.prove.proof_report import Notes, report
from runs.engine.prove.pruning import prunable
from runs.engine.prove.replaying import A, ProofContext, Replaying, Start
from runs.engine.prove.replays import BrokenReplay, CleanReplay, slowest
from runs.engine.prove.revision import Revision
from runs.engine.prove.scenery import differs
from runs.engine.prove.strikes import Known, Strikes
from runs.engine.prove.touched import READING, Touched
from runs.engine.prove.trial_replay import TrialReplay
from runs.engine.steps.request import Request

LEAST_MS, MOST_MS = 400, 2_000
PRUNED_AGAIN = 2
ENOUGH_WITH_TRIAL = 3


class Rejected(Exception):
    """What speaks against a proposal."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass
class Proving:
    """Proves one proposal; `revision` is what it is by now.

    Times are in milliseconds: `slowest` is that of the slowest step of clean replays, `at_trial` that of the trial.
    """

    context: ProofContext
    work: TestWork
    made: int = 0
    passed: int = 0
    broken: int = 0
    durations: list[int] = field(default_factory=list)
    slowest: int = 0
    at_trial: int = 0
    may_try: bool = True
    seen: list[Seen] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    touched: Touched = field(default_factory=lambda: Touched({}, frozenset()))
    notes: Notes = field(default_factory=Notes)
    revision: Revision = field(init=False)
    replaying: Replaying = field(init=False)
    strikes: Strikes = field(init=False)

    def __post_init__(self) -> None:
        self.made = self.work.attempts_before
        self.revision = Revision.of_proposal(self.work.document)
        self.replaying = Replaying(self.context, self.work)
        self.strikes = Strikes(self.context)

    async def carry_out(self) -> Proved:
        failure: Failure | None = None
        try:
            self._require_permitted()
            responses = await self._on_trial()
            await self._replayed()
            while self.passed < self.work.replays - 1:
                await self._replayed()
            await self._challenge(responses)
            self._require_telling()
        except Rejected as rejection:
            failure = rejection.failure
            self._become(self.revision)  # what candidates noticed does not count
        return self._proved(failure)

    def _require_permitted(self) -> None:
        for step in self.revision.document.steps:
            if self._read_only and isinstance(step, Request) and step.method not in READING:
                message = f"{self._read_only}, and “{step.sentence()}” could change something"
                raise Rejected(Failure(kind="blocked", message=message))

    @property
    def _read_only(self) -> str:
        """Why nothing may be sent that could change something; "" where it may."""
        if self.context.plan.read_only:
            return "The crawl is read-only"
        return "" if self.work.writes else "It was tried without letting anything through that writes"

    def _require_unheld(self) -> None:
        """What a held back request leads to is no effect of the application's."""
        calls = [call for call in self.touched.calls if call.writes]
        held = next((call for call in calls if self.context.plan.read_only or self.touched.acted(call)), None)
        if self._read_only and held is not None:
            message = f"{self._read_only}, and this test sends {held.method} {held.path}"
            raise Rejected(Failure(kind="blocked", message=message))

    # --- replays ---

    async def _on_trial(self) -> dict[int, Any]:
        """The tolerant replay; answers of requests by the ids of their steps. What does not hold is dropped.

        Where all holds it is the first of three clean replays; of fewer, it would leave too few at the usual pace.
        """
        trial, ended, story = await self._untold(TrialReplay)
        if ended.failure is not None:
            self._record(ended)
            raise Rejected(ended.failure)
        self.touched = trial.touched
        self._require_unheld()
        for step, failure in trial.dropped.items():
            self._drop(step, failure.message)
        self.at_trial = slowest([step for step in ended.steps if step.ok])
        gone = set(trial.dropped)
        if gone and gone >= set(self.revision.expectations):
            raise Rejected(trial.dropped[min(gone)])
        if not gone and self.work.replays >= ENOUGH_WITH_TRIAL:
            self._count(story, ended)
        self._become(self.revision.without(gone))
        self.seen.append((self.touched.before, self.touched.after))
        return trial.answers

    async def _replayed(self) -> None:
        """A clean replay of the test as it is; it is recorded, whatever comes of it.

        What is tried before its last act may spoil it: then there is another one. Where it fails after something was
        tried, that may be why, or the test may be flaky: then two have to pass in which nothing is tried.
        """
        start = partial(self._clean, then=self._at_end)
        trying = partial(start, before_act=self._before_act) if self.may_try else start
        replay, ended, story = await self._untold(trying)
        if replay.interfered and (replay.spoilt or ended.failure is not None):
            self.may_try = False
            if not replay.spoilt:
                said = (
                    f"“{self.work.title}” failed after its last act had been tried without effect; replayed twice more."
                )
                self.context.shard.emit(Log("info", self.context.shard.masking.text(said)))
                await self._replayed()
                self.passed -= 1  # a replay of the revised test is owed all the same
            await self._replayed()
            return
        ended = replace(ended, duration_ms=ended.duration_ms - replay.tried_ms)
        if ended.failure is not None:
            self._tell(story, ended)
            raise Rejected(ended.failure)
        self._count(story, ended)
        self.durations.append(ended.duration_ms)
        self.slowest = max(self.slowest, slowest(ended.steps))
        if replay.after_all is not None:
            self.seen.append(self._shown(replay, replay.after_all))

    def _clean(self, revision: Revision, **hooks: Any) -> CleanReplay:
        """Another clean replay. What one before has tried counts no more, also where the site had trouble meanwhile."""
        self.strikes.begin()
        return CleanReplay(revision, last_act=self.touched.last_act, **hooks)

    def _shown(self, replay: CleanReplay, after: Look) -> Seen:
        return replay.before_last_act if self.touched.acts else None, after

    async def _untold(
        self, start: Start[A], *, revision: Revision | None = None, pictured: bool = False
    ) -> tuple[A, AttemptEnded, list[Event]]:
        """A replay of which it is known later whether it counts: its events wait, but for warnings and what it sent."""
        story: list[Event] = []
        emit = self.context.shard.emit

        def keep(event: Event) -> None:
            if isinstance(event, Log | Wrote):
                emit(event)
                return
            if isinstance(event, TestStarted):
                story.clear()  # the one before was none
            story.append(event)

        shard = replace(self.context.shard, emit=keep)
        replay, ended = await self._replay(start, shard, revision=revision, pictured=pictured)
        return replay, ended, story

    def _count(self, story: Sequence[Event], ended: AttemptEnded) -> None:
        """A replay that passed counts: it is told and recorded."""
        self._tell(story, ended)
        self.passed += 1

    def _tell(self, story: Sequence[Event], ended: AttemptEnded) -> None:
        for event in story:
            self.context.shard.emit(event)
        self._record(ended)

    async def _break(self, mutation: Mutation, revision: Revision, own: Collection[int]) -> Tried:
        start = partial(BrokenReplay, mutation=mutation, own=own, pace_ms=_pace_ms(self.slowest))
        replay, _ = await self._replay(start, self._quiet, revision=revision)
        self.broken += 1
        clean = [after for _, after in self.seen if after is not None]
        applied = replay.effect.hits > 0
        return Tried(
            mutation.kind,
            mutation.what,
            applied and (bool(replay.noticed) or differs(clean, replay.look)),
            frozenset(revision.id_at(report.index) for report in replay.player.steps),
            replay.noticed if applied else {},
            mutation,
        )

    async def _replay(
        self, start: Start[A], shard: ShardContext, *, revision: Revision | None = None, pictured: bool = False
    ) -> tuple[A, AttemptEnded]:
        return await self.replaying.made(start, shard, revision or self.revision, self.made + 1, pictured=pictured)

    def _record(self, ended: AttemptEnded) -> None:
        self.made += 1
        self.context.shard.emit(ended)

    @property
    def _quiet(self) -> ShardContext:
        """The shard for replays that are not recorded, but for warnings and what they send."""
        shard, emit = self.context.shard, self.context.shard.emit
        return replace(shard, emit=lambda event: emit(event) if isinstance(event, Log | Wrote) else None)

    # --- sensitivity ---

    async def _challenge(self, responses: dict[int, Any]) -> None:
        """Break the application and see what the test notices; change the test by what that says."""
        most = self.context.plan.max_breakages
        if self.revision.document.kind == "api":
            self.tried = answers.tried(self.revision.steps, responses, most)
            self._require_notice()
            await self._finished(self.revision, {})
            return
        found = self._known().candidates(self.context.shard.masking.covers)
        if not self.revision.expectations and not found:
            raise Rejected(Failure(kind="document", message="It expects nothing, and nothing that it does can be seen"))
        if most:
            await self._try_mutations(found)
        await self._revise(found)
        if most:
            self._require_notice()
            await self._prune()

    def _known(self, *more: Seen) -> Known:
        return Known(self.revision, self.touched, [*self.seen, *more])

    async def _before_act(self, replay: CleanReplay, attempt_page: AttemptPage, place: int) -> None:
        if self.context.plan.max_breakages and not replay.troubles() - self.replaying.usual:
            await self.strikes.before_act(self._known(), replay, attempt_page, place, _pace_ms(self.at_trial))

    async def _at_end(self, replay: CleanReplay, attempt_page: AttemptPage) -> None:
        after = replay.after_all
        if after is not None and self.context.plan.max_breakages and not replay.troubles() - self.replaying.usual:
            pace_ms = _pace_ms(max(self.at_trial, self.slowest))
            known, usual = self._known(self._shown(replay, after)), self.replaying.usual
            await self.strikes.at_end(known, replay, attempt_page, pace_ms, usual)

    async def _try_mutations(self, found: Mapping[int, dict[str, Any]]) -> None:
        """Some mutations at a time, until they say no more; candidates are asked as well."""
        self.tried = self.strikes.tried(found)
        revision, own = self.revision.with_added(found), self.revision.written
        left = self.strikes.left(self._known(), self.tried)
        width = 1 if self.touched.writes else self.context.plan.options.parallel
        while left := choosing.informative(left, self.tried, self.revision.expectations, self.revision.steps):
            batch, left = left[:width], left[width:]
            self.tried += await asyncio.gather(*(self._break(mutation, revision, own) for mutation in batch))

    async def _revise(self, found: Mapping[int, dict[str, Any]]) -> None:
        """Leave out what notices nothing, and take on candidates that notice more, if it passes with them."""
        chosen = choosing.helpful(self.tried, {OPENING, *self.revision.written}, list(found))
        if not self.revision.expectations and not chosen:
            chosen = list(found)[:1]
        useless = choosing.useless(self.tried, self.revision.expectations, self.revision.steps)
        kept = self.revision.without(useless)
        added = await self._finished(kept, {step: found[step] for step in chosen})
        number = sum(1 for outcome in self.tried if outcome.effective)
        for step in sorted(useless):
            self._drop(step, f"It noticed none of {number} breakages")
        self._become(kept.with_added(added))
        self.notes.added = [self.revision.steps[step].sentence() for step in added]

    async def _finished(self, kept: Revision, added: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
        """Replays the test as it is now until it has passed often enough, and with what was added.

        Those additions with which it passes; one that fails is given up.
        """
        while added or self.passed < self.work.replays:
            if not kept.written and not added:
                break
            revision, pictured = kept.with_added(added), self.passed + 1 >= self.work.replays
            _, ended, story = await self._untold(CleanReplay, revision=revision, pictured=pictured)
            if ended.failure is None:
                self._count(story, ended)
                self.durations.append(ended.duration_ms)
                if self.passed >= self.work.replays:
                    break
                continue
            place = ended.failure.step  # behind the last step where the page went away at the end
            at = revision.id_at(place) if place is not None and place < len(revision.written) else None
            if at is None or at not in added:
                self._record(ended)
                step = None if at is None else self.revision.place_of(at)
                raise Rejected(ended.failure.model_copy(update={"step": step}))
            del added[at]
        return added

    def _require_notice(self) -> None:
        effective = [outcome for outcome in self.tried if outcome.effective]
        if not effective:
            message = "No breakage changed anything that it could have seen"
            raise Rejected(Failure(kind="document", message=message))
        if not any(outcome.noticed for outcome in effective):
            message = f"It noticed none of {len(effective)} breakages of the application"
            raise Rejected(Failure(kind="document", message=message))

    def _require_telling(self) -> None:
        """What acts notices much; a test has to expect what its title says as well."""
        if not asserts_something_visible(list(self.revision.written.values())):
            message = "What is left of it expects an address or silence only, and nothing that a person would see"
            raise Rejected(Failure(kind="document", message=message))

    async def _prune(self) -> None:
        """Leave out steps that change nothing: the test passes without them, and notices what it noticed."""
        for step in prunable(self.touched):
            revision = self.revision.without({step})
            if not await self._notices_as_much(step, revision):
                continue
            _, ended, story = await self._untold(CleanReplay, revision=revision, pictured=True)
            if ended.failure is None:
                self._count(story, ended)
                self.notes.pruned.append(self.revision.steps[step].sentence())
                self._become(revision)
                return

    async def _notices_as_much(self, gone: int, revision: Revision) -> bool:
        """Whether some mutations that were noticed are noticed by the test without one of its steps as well."""
        noticed = [
            outcome.mutation for outcome in self.tried if outcome.mutation and outcome.effective and outcome.noticed
        ]
        for mutation in [mutation for mutation in noticed if gone not in mutation.before_steps][:PRUNED_AGAIN]:
            tried = await self._break(mutation, revision, revision.written)
            if not tried.noticed:
                return False
        return True

    # --- what came of it ---

    def _become(self, revision: Revision) -> None:
        """From now on the test is this one: what other steps touched or noticed counts no more."""
        if not revision.written:
            raise Rejected(Failure(kind="expectation", message="Nothing that it expects holds"))
        self.revision = revision
        self.tried = [outcome.kept(revision.written) for outcome in self.tried]
        self.touched = self.touched.kept(revision.steps)

    def _drop(self, step: int, because: str) -> None:
        self.notes.dropped.append({"step": self.revision.steps[step].sentence(), "because": because})

    def _proved(self, failure: Failure | None) -> Proved:
        counts = {"replays": self.work.replays, "passed": self.passed, "broken": self.broken}
        return Proved(
            self.work.result,
            "failed" if failure else "passed",
            self.made,
            round(median(self.durations)) if self.durations else 0,
            self.revision.json,
            report(self.revision, self.tried, self.notes, **counts),
            failure,
        )


def _pace_ms(slowest_ms: int) -> int:
    """How long a step of a broken application is waited for."""
    return min(MOST_MS, max(LEAST_MS, 2 * slowest_ms))
