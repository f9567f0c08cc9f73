"""What fits into a budget of time."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence

from runs.planning.ordering import DependencyGraph, DispatchCandidate, risk_order


def within_budget(candidates: Sequence[DispatchCandidate], slots: int, budget_ms: float) -> set[int]:
    """The indexes that are kept: by risk, while they end within the budget; a later, shorter one may still fit.

    Smoke tests and what they depend on are kept whatever they take; without what it depends on nothing is kept.
    """
    graph = DependencyGraph(candidates)
    played = _Played(candidates, slots)
    kept: set[int] = set()
    for number in risk_order(candidates):
        name = candidates[number].name
        if any(not kept.issuperset(graph.members[other]) for other in graph.upstream[name]):
            continue
        # Urgency is handed on to what is depended on, so this is true of what smoke tests need as well.
        must = not graph.urgency[name][0]
        end = played.end(number, graph)
        if must or end <= budget_ms:
            played.take(number, end)
            kept.add(number)
    return kept


def makespan(candidates: Sequence[DispatchCandidate], order: Sequence[int], slots: int) -> int:
    """When the last of them ends, if slots take them in this order and estimates are right."""
    graph = DependencyGraph(candidates)
    played = _Played(candidates, slots)
    ends = [0]
    for number in order:
        ends.append(played.end(number, graph))
        played.take(number, ends[-1])
    return max(ends)


class _Played:
    """Slots with what was given to them so far."""

    def __init__(self, candidates: Sequence[DispatchCandidate], slots: int) -> None:
        self._candidates = candidates
        self._free = [0] * slots
        self._ends: dict[str, int] = {}
        self._groups: dict[str, int] = {}

    def end(self, number: int, graph: DependencyGraph) -> int:
        candidate = self._candidates[number]
        return max(self._possible(candidate, graph), self._free[0]) + candidate.estimate_ms

    def _possible(self, candidate: DispatchCandidate, graph: DependencyGraph) -> int:
        awaited = max((self._ends[other] for other in graph.upstream[candidate.name]), default=0)
        return max(awaited, self._groups.get(candidate.serial, 0))

    def take(self, number: int, end: int) -> None:
        """On the slot that was free last before its start, so that those free since long stay free for others."""
        candidate = self._candidates[number]
        start = end - candidate.estimate_ms
        del self._free[bisect_right(self._free, start) - 1]
        insort(self._free, end)
        self._ends[candidate.name] = max(self._ends.get(candidate.name, 0), end)
        if candidate.serial:
            self._groups[candidate.serial] = end
