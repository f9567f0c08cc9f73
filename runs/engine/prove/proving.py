"""One proposal on its way to a proof: a trial, clean replays, breakages, and what is left of the test then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from statistics import median
from typing import Any, TypeVar

from runs.engine.browser import Pace
from runs.engine.events import AttemptEnded, Event, Failure, Log, Proved, Wrote
from runs.engine.execute.attempt import House, Order, made
from runs.engine.execute.scene import Recording
from runs.engine.generate.selecting import telling
from runs.engine.plan import ProofPlan, TestWork
from runs.engine.prove import answers, choosing
from runs.engine.prove.breakages import Breakage
from runs.engine.prove.candidates import Seen, candidates
from runs.engine.prove.choosing import Tried
from runs.engine.prove.floor import Floor
from runs.engine.prove.pruning import prunable, shifted, without
from runs.engine.prove.replays import Broken, Clean, Replay, Trial, expects, slowest
from runs.engine.prove.scenery import differs
from runs.engine.prove.touched import READING, Touched
from runs.engine.steps.document import Document, parse
from runs.engine.steps.request import Request

LEAST_MS, MOST_MS = 400, 2_000
PRUNED_AGAIN = 2
WAITS = (0.5, 2.0, 6.0)
A = TypeVar("A", bound=Replay)
Start = Callable[[House, Order], A]


class Rejected(Exception):
    """What speaks against a proposal."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True)
class Place:
    """Where proposals are proved: the house of their attempts, the floor that gives slots, chance, and the pace."""

    house: House
    plan: ProofPlan
    floor: Floor
    chance: Random
    pace: Pace


@dataclass
class Proving:
    """Proves one proposal. `steps` and `document` are what it is by now.

    `usual` is what the site answers to it however often it is asked, although it looks as if it might pass.
    """

    place: Place
    work: TestWork
    document: Document
    made: int = 0
    passed: int = 0
    broken: int = 0
    steps: list[dict[str, Any]] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    slowest: int = 0
    seen: list[Seen] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    touched: Touched = field(default_factory=lambda: Touched((), frozenset()))
    dropped: list[dict[str, str]] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    pruned: list[str] = field(default_factory=list)
    usual: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.made = self.work.attempts_before
        self.steps = list(self.work.document["steps"])

    async def carry_out(self) -> Proved:
        failure: Failure | None = None
        try:
            self._require_permitted()
            told = await self._on_trial()
            for number in range(self.work.replays):
                await self._replayed(pictured=number + 1 == self.work.replays)
                self.passed += 1
            await self._challenge(told)
            self._require_telling()
        except Rejected as rejection:
            failure = rejection.failure
            self.tried = [choosing.moved(one, (), (), len(self.steps)) for one in self.tried]  # without candidates
        return self._proved(failure)

    def _require_permitted(self) -> None:
        for step in self.document.steps:
            if self._read_only and isinstance(step, Request) and step.method not in READING:
                message = f"{self._read_only}, and “{step.sentence()}” could change something"
                raise Rejected(Failure(kind="blocked", message=message))

    @property
    def _read_only(self) -> str:
        """Why nothing may be sent that could change something; "" where it may."""
        if self.place.plan.read_only:
            return "The crawl is read-only"
        return "" if self.work.writes else "It was tried without letting anything through that writes"

    def _require_unheld(self) -> None:
        """What a held back request leads to is no effect of the application's."""
        calls = [call for call in self.touched.calls if call.writes]
        held = next((call for call in calls if self.place.plan.read_only or self.touched.acted(call)), None)
        if self._read_only and held is not None:
            message = f"{self._read_only}, and this test sends {held.method} {held.path}"
            raise Rejected(Failure(kind="blocked", message=message))

    # --- replays ---

    async def _on_trial(self) -> dict[int, Any]:
        """The tolerant replay; answers of requests by their steps. What does not hold is dropped."""
        trial, ended = await self._replay(Trial, self._quiet)
        if ended.failure is not None:
            self._record(ended)
            raise Rejected(ended.failure)
        self.touched = trial.touched
        self._require_unheld()
        for index, failure in trial.dropped.items():
            self._drop(index, failure.message)
        gone = set(trial.dropped)
        if gone and gone >= set(self._expectations()):
            raise Rejected(trial.dropped[min(gone)])
        self._become([step for index, step in enumerate(self.steps) if index not in gone])
        self.touched = shifted(self.touched, gone, self.document.steps)
        self.seen.append((self.touched.before, self.touched.after))
        return {without(index, gone): answer for index, answer in trial.answers.items()}

    async def _replayed(self, *, pictured: bool) -> None:
        """One of the clean replays that a proof needs; it is recorded, whatever comes of it."""
        start = partial(Clean, last_act=self.touched.last_act)
        replay, ended = await self._replay(start, self.place.house, pictured=pictured)
        self._record(ended)
        if ended.failure is not None:
            raise Rejected(ended.failure)
        self.durations.append(ended.duration_ms)
        self.slowest = max(self.slowest, slowest(ended.steps))
        if replay.after is not None:
            self.seen.append((replay.before if self.touched.acts else None, replay.after))

    async def _clean(self, document: Document) -> Failure | None:
        """A clean replay of a changed document, recorded when it passes; else why it does not."""
        story: list[Event] = []
        emit = self.place.house.emit
        house = replace(
            self.place.house, emit=lambda event: emit(event) if isinstance(event, Wrote) else story.append(event)
        )
        _, ended = await self._replay(Clean, house, document=document, pictured=True)
        if ended.failure is None:
            for event in story:
                emit(event)
            self._record(ended)
        return ended.failure

    async def _break(self, breakage: Breakage, document: Document, touched: Touched) -> Tried:
        pace = min(MOST_MS, max(LEAST_MS, 2 * self.slowest))
        start = partial(Broken, breakage=breakage, touched=touched, pace_ms=pace)
        replay, _ = await self._replay(start, self._quiet, document=document)
        self.broken += 1
        clean = [after for _, after in self.seen if after is not None]
        applied = replay.damage.hits > 0
        return Tried(
            breakage.kind,
            breakage.what,
            applied and (bool(replay.noticed) or differs(clean, replay.look)),
            frozenset(report.index for report in replay.steps),
            replay.noticed if applied else {},
            breakage,
        )

    async def _replay(
        self,
        start: Start[A],
        house: House,
        *,
        document: Document | None = None,
        pictured: bool = False,
    ) -> tuple[A, AttemptEnded]:
        """Make an attempt once it is its turn; the attempt and its end.

        Once more, later, three times at most, where the site could not answer something that it otherwise can: what
        such a replay shows is neither the test's nor a breakage's.
        """
        for wait in WAITS:
            replay, ended = await self._once(start, house, document=document, pictured=pictured)
            news = replay.troubles() - self.usual
            if not news:
                return replay, ended
            said = f"“{self.work.title}” is replayed again: {'; '.join(sorted(news))}."
            self.place.house.emit(Log("info", self.place.house.masking.text(said)))
            await asyncio.sleep(wait)
        replay, ended = await self._once(start, house, document=document, pictured=pictured)
        self.usual |= replay.troubles()
        return replay, ended

    async def _once(
        self, start: Start[A], house: House, *, document: Document | None, pictured: bool
    ) -> tuple[A, AttemptEnded]:
        kept: list[A] = []

        def begin() -> A:
            kept.append(start(house, order))
            return kept[-1]

        async with self.place.floor.slot() as slot:
            await self.place.pace.turn()
            order = Order(slot, self.work, document or self.document, self.made + 1, Recording(), pictured)
            ended = await made(begin)
        return kept[-1], ended

    def _record(self, ended: AttemptEnded) -> None:
        self.made += 1
        self.place.house.emit(ended)

    @property
    def _quiet(self) -> House:
        """The house for replays that are not recorded, but for warnings and what they send."""
        house, emit = self.place.house, self.place.house.emit
        return replace(house, emit=lambda event: emit(event) if isinstance(event, Log | Wrote) else None)

    # --- sensitivity ---

    async def _challenge(self, told: dict[int, Any]) -> None:
        """Break the application and see what the test notices; change the test by what that says."""
        most = self.place.plan.max_breakages
        if self.document.kind == "api":
            self.tried = answers.tried(self.document.steps, told, most)
            self._require_notice()
            return
        covers = self.place.house.masking.covers
        found = [step for step in candidates(self.seen, self.steps, self.touched.figures) if not covers(step)]
        if not self._expectations() and not found:
            raise Rejected(Failure(kind="document", message="It expects nothing, and nothing that it does can be seen"))
        if most:
            await self._try_breakages(found, most)
        await self._revise(found)
        if most:
            self._require_notice()
            await self._prune()

    async def _try_breakages(self, found: Sequence[dict[str, Any]], most: int) -> None:
        """Some breakages at a time, until they say no more; candidates are asked as well."""
        document = parse({**self.work.document, "steps": [*self.steps, *found]})
        ways = choosing.ways(self.touched, most, self.place.chance)
        width = 1 if self.touched.writes else self.place.plan.options.parallel
        while ways and not choosing.enough(self.tried, self._expectations()):
            batch, ways = ways[:width], ways[width:]
            self.tried += await asyncio.gather(*(self._break(one, document, self.touched) for one in batch))

    async def _revise(self, found: Sequence[dict[str, Any]]) -> None:
        """Leave out what notices nothing, and take on candidates that notice more, if it passes with them."""
        count = len(self.steps)
        chosen = choosing.helpful(self.tried, range(-1, count), range(count, count + len(found)))
        if not self._expectations() and not chosen:
            chosen = list(range(count, count + len(found)))[:1]
        useless = choosing.useless(self.tried, self._expectations(), self.document.steps)
        kept = [step for index, step in enumerate(self.steps) if index not in useless]
        chosen = await self._proven(kept, {place: found[place - count] for place in chosen})
        number = sum(1 for one in self.tried if one.effective)
        for index in sorted(useless):
            self._drop(index, f"It noticed none of {number} breakages")
        self._become(kept + [found[place - count] for place in chosen])
        self.added = [step.sentence() for step in self.document.steps[len(kept) :]]
        self.tried = [choosing.moved(one, useless, chosen, count) for one in self.tried]
        self.touched = shifted(self.touched, useless, self.document.steps)

    async def _proven(self, kept: list[dict[str, Any]], added: dict[int, dict[str, Any]]) -> list[int]:
        """Those additions with which the test passes a clean replay; one that fails is given up."""
        while added:
            document = parse({**self.work.document, "steps": [*kept, *added.values()]})
            failure = await self._clean(document)
            if failure is None:
                break
            at = (failure.step if failure.step is not None else -1) - len(kept)
            if at < 0:
                raise Rejected(failure)
            del added[list(added)[at]]
        return list(added)

    def _require_notice(self) -> None:
        effective = [one for one in self.tried if one.effective]
        if not effective:
            message = "No breakage changed anything that it could have seen"
            raise Rejected(Failure(kind="document", message=message))
        if not any(one.noticed for one in effective):
            message = f"It noticed none of {len(effective)} breakages of the application"
            raise Rejected(Failure(kind="document", message=message))

    def _require_telling(self) -> None:
        """What acts notices much; a test has to expect what its title says as well."""
        if not telling(self.steps):
            message = "What is left of it expects an address or silence only, and nothing that a person would see"
            raise Rejected(Failure(kind="document", message=message))

    async def _prune(self) -> None:
        """Leave out steps that change nothing: the test passes without them, and notices what it noticed."""
        for index in prunable(self.touched):
            steps = [step for at, step in enumerate(self.steps) if at != index]
            document = parse({**self.work.document, "steps": steps})
            touched = shifted(self.touched, {index}, document.steps)
            if await self._notices_as_much(index, document, touched) and await self._clean(document) is None:
                self.pruned.append(self.document.steps[index].sentence())
                self.tried = [choosing.moved(one, {index}, (), len(self.steps)) for one in self.tried]
                self._become(steps)
                return

    async def _notices_as_much(self, index: int, document: Document, touched: Touched) -> bool:
        """Whether some breakages that were noticed are noticed without the step at `index` as well."""
        noticed = [one.breakage for one in self.tried if one.breakage and one.effective and one.noticed]
        for breakage in [one for one in noticed if index not in one.places][:PRUNED_AGAIN]:
            places = frozenset(without(place, {index}) for place in breakage.places)
            if not (await self._break(replace(breakage, places=places), document, touched)).noticed:
                return False
        return True

    # --- what came of it ---

    def _expectations(self) -> list[int]:
        return [index for index, step in enumerate(self.document.steps) if expects(step)]

    def _become(self, steps: list[dict[str, Any]]) -> None:
        if not steps:
            raise Rejected(Failure(kind="expectation", message="Nothing that it expects holds"))
        self.steps = steps
        self.document = parse({**self.work.document, "steps": steps})

    def _drop(self, index: int, because: str) -> None:
        self.dropped.append({"step": self.document.steps[index].sentence(), "because": because})

    def _proved(self, failure: Failure | None) -> Proved:
        effective = [one for one in self.tried if one.effective]
        proof = {
            "replays": self.work.replays,
            "passed": self.passed,
            "checks": [step.sentence() for step in self.document.steps if expects(step) or isinstance(step, Request)],
            "breakages": [
                {"kind": one.kind, "what": one.what, "noticed": bool(one.noticed), "by": self._by(one)}
                for one in effective
            ],
            "ineffective": len(self.tried) - len(effective),
            "noticed": sum(1 for one in effective if one.noticed),
            "effective": len(effective),
            "dropped": self.dropped,
            "added": self.added,
            "pruned": self.pruned,
            "broken": self.broken,
        }
        return Proved(
            self.work.result,
            "failed" if failure else "passed",
            self.made,
            round(median(self.durations)) if self.durations else 0,
            {**self.work.document, "steps": self.steps},
            proof,
            failure,
        )

    def _by(self, one: Tried) -> str:
        if not one.noticed:
            return ""
        place = min(one.noticed)
        return f"Open {self.document.opening}" if place < 0 else self.document.steps[place].sentence()
