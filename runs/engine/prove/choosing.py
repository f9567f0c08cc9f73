"""Which mutations are tried, and what they say about each expectation. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from runs.engine.events import Failure
from runs.engine.execute.attempt import OPENING
from runs.engine.prove.mutations import MUTATIONS, Mutation
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Step

# A test that writes writes again in most broken replays; in so many of them at most.
MOST_WRITING = 6
ENOUGH_KINDS = 5
ENOUGH_DEEP = 2
ENOUGH_TRIED = 6
SENSITIVE = 0.9
MOST_ADDED = 3


@dataclass(frozen=True)
class Tried:
    """A mutation that was tried: whether it changed something the test could see, what was reached, what noticed it.

    Steps and expectations by their ids.
    """

    kind: str
    what: str
    effective: bool
    reached: frozenset[int]
    noticed: dict[int, Failure]
    mutation: Mutation | None = None

    def kept(self, steps: Collection[int]) -> Tried:
        """What is left of it when the test has only those steps."""
        noticed = {step: failure for step, failure in self.noticed.items() if step in steps or step == OPENING}
        return replace(self, noticed=noticed)

    def renumbered(self, ids: Mapping[int, int | None]) -> Tried:
        """The same, where steps have other ids; those that have none any more are left out."""
        now = {step: ids.get(step, step) for step in (*self.reached, *self.noticed)}
        noticed = {new: failure for step, failure in self.noticed.items() if (new := now[step]) is not None}
        reached = frozenset(new for step in self.reached if (new := now[step]) is not None)
        return replace(self, noticed=noticed, reached=reached)

    def noticed_by(self, steps: Collection[int]) -> bool:
        return any(step_id in steps for step_id in self.noticed)


def ways(touched: Touched, most: int, chance: Random) -> list[Mutation]:
    """One way of each kind, then a second of each, and so on; `most` in all, few of them writing once more."""
    queues = [_mixed(list(kind.ways(touched)), chance) for kind in MUTATIONS.values()]
    longest = max(map(len, queues), default=0)
    found = [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
    return bounded(found, touched)[:most]


def in_place(mutation: Mutation, touched: Touched) -> bool:
    """Whether a mutation can be put to the page that a replay has ended on: it strikes nothing else, nor earlier."""
    target = getattr(mutation, "target", None)
    framed = target is not None and bool(target.frame)
    return mutation.of_page_alone and not framed and min(mutation.before_steps, default=OPENING) > touched.last_act


def at_reload(mutation: Mutation, touched: Touched) -> bool:
    """Whether a mutation can be tried by loading the last page once more, where a replay has ended on it.

    The last act has to have led to that page: one that was done on it would have to be done again. A page that writes
    when it is loaded would write each time.
    """
    page, loaded = touched.last_page
    if page is None or page.method != "GET" or page.step != touched.last_act or not mutation.of_load_alone:
        return False
    return mutation.call in (page, *loaded) and not any(call.writes for call in loaded)


def before_act(mutation: Mutation, touched: Touched) -> bool:
    """Whether a mutation can be tried on the page of a clean replay just before its last act."""
    return mutation.of_act_alone and mutation.before_steps == {touched.last_act} and touched.last_act > OPENING


def on_clean_page(mutation: Mutation, touched: Touched) -> bool:
    """Whether a mutation is tried in a clean replay, and has one of its own only where that does not succeed."""
    return any(can(mutation, touched) for can in (in_place, at_reload, before_act))


def noticing(tried: Iterable[Tried], candidates: Iterable[tuple[int, Step]]) -> list[tuple[int, Step]]:
    """Those candidates that noticed something."""
    noticed = {step_id for outcome in tried for step_id in outcome.noticed}
    return [(step_id, step) for step_id, step in candidates if step_id in noticed]


def _mixed(found: list[Mutation], chance: Random) -> list[Mutation]:
    """The most telling way stays first, the others come in random order; what is said twice is done once."""
    different: dict[str, Mutation] = {}
    for mutation in found:
        different.setdefault(mutation.what, mutation)
    first, rest = list(different.values())[:1], list(different.values())[1:]
    chance.shuffle(rest)
    return first + rest


def bounded(found: Sequence[Mutation], touched: Touched, *, replayed: bool = False) -> list[Mutation]:
    """Those of which few write once more. What can be struck in place does so only if it is `replayed` all the same."""
    if not touched.writes:
        return list(found)
    left = MOST_WRITING
    kept = []
    for mutation in found:
        writes = not mutation.holds_writes and (replayed or not on_clean_page(mutation, touched))
        left -= writes
        if not writes or left >= 0:
            kept.append(mutation)
    return kept


def informative(
    left: Sequence[Mutation], tried: Sequence[Tried], expectations: Collection[int], steps: Mapping[int, Step]
) -> list[Mutation]:
    """Those mutations that would say more than is known.

    Until some have changed something that can be seen, each would. Then only a kind that is missing, while few kinds
    were tried or few that go deeper than the page, and what an expectation ought to notice that has noticed nothing.
    """
    effective = [outcome for outcome in tried if outcome.effective]
    if len(effective) < ENOUGH_TRIED:
        return list(left)
    kinds = {outcome.kind for outcome in effective}
    deep = {outcome.kind for outcome in effective if outcome.mutation and outcome.mutation.is_deep}
    silent = set(expectations) - {step_id for outcome in effective for step_id in outcome.noticed}

    def tells(mutation: Mutation) -> bool:
        few = len(kinds) < ENOUGH_KINDS or (len(deep) < ENOUGH_DEEP and mutation.is_deep)
        return (few and mutation.kind not in kinds) or any(_ought(mutation, step_id, steps) for step_id in silent)

    return [mutation for mutation in left if tells(mutation)]


def useless(tried: Iterable[Tried], expectations: Collection[int], steps: Mapping[int, Step]) -> set[int]:
    """Expectations that were put to a mutation which they ought to notice, and noticed nothing at all."""
    effective = [outcome for outcome in tried if outcome.effective]
    noticing = {step_id for outcome in effective for step_id in outcome.noticed}
    challenged = {
        step_id for outcome in effective for step_id in outcome.reached if _ought(outcome.mutation, step_id, steps)
    }
    found = (set(expectations) & challenged) - noticing
    return found if set(expectations) & noticing else set()


def _ought(mutation: Mutation | None, step_id: int, steps: Mapping[int, Step]) -> bool:
    if mutation is None or step_id not in steps:
        return False
    return mutation.concerns(step_id, steps[step_id].about)


def helpful(tried: Iterable[Tried], own: Collection[int], candidates: Sequence[int]) -> list[int]:
    """Those candidates, few and the most telling, that notice what the test itself does not.

    None where it notices nearly everything already.
    """
    effective = [outcome for outcome in tried if outcome.effective]
    missed = [outcome for outcome in effective if not outcome.noticed_by(own)]
    chosen: list[int] = []
    while len(chosen) < MOST_ADDED and len(effective) - len(missed) < SENSITIVE * len(effective):
        best = max(candidates, key=lambda step_id: sum(step_id in outcome.noticed for outcome in missed), default=None)
        if best is None or not any(best in outcome.noticed for outcome in missed):
            break
        chosen.append(best)
        missed = [outcome for outcome in missed if best not in outcome.noticed]
    return sorted(chosen)
