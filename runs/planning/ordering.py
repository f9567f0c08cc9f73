"""The order in which results are dispatched: what is depended on, then what is risky, and no long test too late."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

PRIORITY = {"high": 0, "medium": 1, "low": 2}
# A test begins before so many times its estimate is left, so that shorter ones make up for a wrong estimate. Those of
# tests without a history are the least certain.
# With 1, simulated runs take up to 1.2 times the ideal; with 12 it is longest first (decision 10).
MARGIN, MARGIN_OF_NEW = 5, 8

Urgency = tuple[bool, int, float]
Key = tuple[Urgency, int, int]


class Circular(Exception):
    """Tests depend on each other in a circle."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"These tests depend on each other in a circle: {', '.join(names)}.")


@dataclass(frozen=True, slots=True)
class DispatchCandidate:
    """A result that is to be dispatched. Rows of a data-driven test share a name.

    `depends_on` holds names; those outside the run are ignored. Of one `serial` group one runs
    at a time. A `new` test has never been timed.
    """

    name: str
    priority: str = "medium"
    depends_on: tuple[str, ...] = ()
    smoke: bool = False
    risk: float = 0.0
    estimate_ms: int = 0
    serial: str = ""
    new: bool = False


class DependencyGraph:
    """Who waits for whom, by names; urgency is handed on to what is depended on. Raises Circular."""

    def __init__(self, candidates: Sequence[DispatchCandidate]) -> None:
        self.candidates = candidates
        self.members: dict[str, list[int]] = {}
        for number, candidate in enumerate(candidates):
            self.members.setdefault(candidate.name, []).append(number)
        self.upstream = {
            name: {other for number in numbers for other in candidates[number].depends_on if other != name}
            & self.members.keys()
            for name, numbers in self.members.items()
        }
        self.followers: dict[str, list[str]] = {name: [] for name in self.members}
        for name, others in self.upstream.items():
            for other in others:
                self.followers[other].append(name)
        self.names = self._sorted()
        self.urgency = self._urgencies()

    def _sorted(self) -> list[str]:
        waits = {name: len(others) for name, others in self.upstream.items()}
        found = [name for name, count in waits.items() if not count]
        # The list grows while it is walked: what has nothing left to wait for joins its end.
        for name in found:
            for follower in self.followers[name]:
                waits[follower] -= 1
                if not waits[follower]:
                    found.append(follower)
        if len(found) < len(waits):
            raise Circular([name for name, count in waits.items() if count])
        return found

    def _urgencies(self) -> dict[str, Urgency]:
        found: dict[str, Urgency] = {}
        for name in reversed(self.names):
            own = min(_urgency(self.candidates[number]) for number in self.members[name])
            found[name] = min([own, *(found[follower] for follower in self.followers[name])])
        return found

    def longest_ways(self, reserves: Sequence[int]) -> dict[str, int]:
        """By name, what has to remain when its longest row begins: its reserve, or itself and what waits for it."""
        found: dict[str, int] = {}
        for name in reversed(self.names):
            after = max((found[follower] for follower in self.followers[name]), default=0)
            rows = self.members[name]
            found[name] = max(max(reserves[row], self.candidates[row].estimate_ms + after) for row in rows)
        return found


def _urgency(candidate: DispatchCandidate) -> Urgency:
    """Less is sooner."""
    return (not candidate.smoke, PRIORITY.get(candidate.priority, 1), -candidate.risk)


def risk_order(candidates: Sequence[DispatchCandidate]) -> list[int]:
    """Indexes by urgency alone, dependencies first, ties as given. Raises Circular."""
    graph = DependencyGraph(candidates)
    place: dict[str, tuple[Urgency, int, int]] = {}
    for name in graph.names:
        before = [place[other] for other in graph.upstream[name]]
        tie = max([graph.members[name][0], *(known[1] for known in before)])
        depth = max((known[2] + 1 for known in before), default=0)
        place[name] = (graph.urgency[name], tie, depth)
    return sorted(range(len(candidates)), key=lambda number: (place[candidates[number].name], number))


def ideal_ms(candidates: Sequence[DispatchCandidate], slots: int) -> int:
    """No schedule on so many slots ends sooner: the work by slots, the longest chain, the longest serial group."""
    return _ideal(DependencyGraph(candidates), slots)


def _ideal(graph: DependencyGraph, slots: int) -> int:
    estimates = [candidate.estimate_ms for candidate in graph.candidates]
    groups: dict[str, int] = {}
    for candidate in graph.candidates:
        if candidate.serial:
            groups[candidate.serial] = groups.get(candidate.serial, 0) + candidate.estimate_ms
    longest = max(graph.longest_ways(estimates).values(), default=0)
    return max([-(-sum(estimates) // slots), longest, *groups.values()])


def dispatch_order(candidates: Sequence[DispatchCandidate], slots: int = 1) -> list[int]:
    """Indexes in dispatch order. Raises Circular.

    Plays the run on `slots` slots: whenever one is free, it takes the smoke test, else the test whose latest start
    has come, else the most urgent, of equal ones the longest. What waits for others comes after them.
    One slot takes as long in any order, so that there no start is too late.
    """
    return _Play(DependencyGraph(candidates), slots).order()


class _Play:
    """One run played by estimates. Times are ms from its start."""

    def __init__(self, graph: DependencyGraph, slots: int) -> None:
        self._graph, self._candidates = graph, graph.candidates
        self._hurries = slots > 1
        self._keys: list[Key] = [
            (graph.urgency[candidate.name], -candidate.estimate_ms, number)
            for number, candidate in enumerate(graph.candidates)
        ]
        ways = graph.longest_ways(self._reserves())
        ideal = _ideal(graph, slots)
        self._late = [ideal - ways[candidate.name] for candidate in graph.candidates]
        self._slots = [0] * slots
        self._ready: list[Key] = []
        self._by_latest_start: list[tuple[int, Key]] = []
        self._taken = [False] * len(graph.candidates)
        self._coming: list[tuple[int, bool, str]] = []
        self._queues: dict[str, list[Key]] = {}
        self._waits = {name: len(others) for name, others in graph.upstream.items()}
        self._rows_left = {name: len(rows) for name, rows in graph.members.items()}
        self._free_at = dict.fromkeys(graph.members, 0)

    def _reserves(self) -> list[int]:
        """What has to remain when each begins: a multiple of its estimate, or the rest of its serial group."""
        reserves = [
            candidate.estimate_ms * (MARGIN_OF_NEW if candidate.new else MARGIN) for candidate in self._candidates
        ]
        rests: dict[str, int] = {}
        for number in sorted(range(len(self._candidates)), key=self._keys.__getitem__, reverse=True):
            candidate = self._candidates[number]
            if candidate.serial:
                rests[candidate.serial] = rests.get(candidate.serial, 0) + candidate.estimate_ms
                reserves[number] = max(reserves[number], rests[candidate.serial])
        return reserves

    def order(self) -> list[int]:
        for name in self._graph.names:
            if not self._waits[name]:
                self._admit(name)
        order: list[int] = []
        while len(order) < len(self._candidates):
            now = heapq.heappop(self._slots)
            self._arrive(now)
            while not self._any_ready():
                now = max(now, self._coming[0][0])
                self._arrive(now)
            number = self._pick(now)
            order.append(number)
            end = now + self._candidates[number].estimate_ms
            heapq.heappush(self._slots, end)
            self._leave(number, end)
        return order

    def _any_ready(self) -> bool:
        # A result lies in two heaps; where it was taken from the other one, it is dropped when it comes up.
        while self._ready and self._taken[self._ready[0][2]]:
            heapq.heappop(self._ready)
        return bool(self._ready)

    def _pick(self, now: int) -> int:
        while self._taken[self._by_latest_start[0][1][2]]:
            heapq.heappop(self._by_latest_start)
        late, (_, _, pressing) = self._by_latest_start[0]
        (not_smoke, _, _), _, first = self._ready[0]
        number = pressing if self._hurries and not_smoke and late <= now else first
        self._taken[number] = True
        return number

    def _leave(self, number: int, end: int) -> None:
        """Plans what the end of a row makes possible."""
        candidate = self._candidates[number]
        name = candidate.name
        self._rows_left[name] -= 1
        self._free_at[name] = max(self._free_at[name], end)
        if not self._rows_left[name]:
            for follower in self._graph.followers[name]:
                self._waits[follower] -= 1
                self._free_at[follower] = max(self._free_at[follower], self._free_at[name])
                if not self._waits[follower]:
                    heapq.heappush(self._coming, (self._free_at[follower], False, follower))
        if candidate.serial:
            heapq.heappush(self._coming, (end, True, candidate.serial))

    def _arrive(self, now: int) -> None:
        while self._coming and self._coming[0][0] <= now:
            _, is_group, name = heapq.heappop(self._coming)
            if is_group:
                self._next_of_group(name)
            else:
                self._admit(name)

    def _admit(self, name: str) -> None:
        for number in self._graph.members[name]:
            group = self._candidates[number].serial
            if group in self._queues:
                heapq.heappush(self._queues[group], self._keys[number])
                continue
            if group:
                self._queues[group] = []
            self._offer(number)

    def _next_of_group(self, group: str) -> None:
        queue = self._queues[group]
        if queue:
            self._offer(heapq.heappop(queue)[2])
        else:
            del self._queues[group]

    def _offer(self, number: int) -> None:
        heapq.heappush(self._ready, self._keys[number])
        heapq.heappush(self._by_latest_start, (self._late[number], self._keys[number]))
