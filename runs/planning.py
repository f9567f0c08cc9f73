"""What runs in which order and in whose share. Pure."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

PRIORITY = {"high": 0, "medium": 1, "low": 2}


class Circular(Exception):
    """Tests depend on each other in a circle."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"These tests depend on each other in a circle: {', '.join(names)}.")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A test that is to be dispatched. `depends_on` holds names; those outside the run are ignored."""

    name: str
    priority: str = "medium"
    depends_on: tuple[str, ...] = ()


def dispatch_order(candidates: Sequence[Candidate]) -> list[int]:
    """Indexes in dispatch order: dependencies first, then by priority, then as given. Raises Circular.

    Kahn's topological sort with a heap.
    """
    index = {candidate.name: number for number, candidate in enumerate(candidates)}
    waits = {
        number: {index[name] for name in candidate.depends_on if name in index and index[name] != number}
        for number, candidate in enumerate(candidates)
    }
    followers: dict[int, list[int]] = {number: [] for number in waits}
    for number, upstream in waits.items():
        for other in upstream:
            followers[other].append(number)
    ready = [(_rank(candidates[number]), number) for number, upstream in waits.items() if not upstream]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        _, number = heapq.heappop(ready)
        order.append(number)
        for follower in followers[number]:
            waits[follower].discard(number)
            if not waits[follower]:
                heapq.heappush(ready, (_rank(candidates[follower]), follower))
    if len(order) < len(candidates):
        raise Circular([candidates[number].name for number, upstream in sorted(waits.items()) if upstream])
    return order


def _rank(candidate: Candidate) -> int:
    return PRIORITY.get(candidate.priority, 1)


def share(count: int, shards: int) -> list[int]:
    """The home shard of each of `count` results in dispatch order, dealt out evenly."""
    return [position % shards for position in range(count)]


def slowest(pending_by_home: dict[int, int]) -> int | None:
    """The home shard that has most left, in whatever unit the numbers are."""
    left = Counter({home: count for home, count in pending_by_home.items() if count})
    return min(left, key=lambda home: (-left[home], home)) if left else None


HEDGE_FACTOR = 2
HEDGE_LEAST_MS = 1_000


def worth_hedging(elapsed_ms: int, estimate_ms: int) -> bool:
    """Whether an idle worker should repeat a test that was expected to take `estimate_ms`, and is still running."""
    return elapsed_ms > max(HEDGE_FACTOR * estimate_ms, HEDGE_LEAST_MS)


def saturated(templates: Sequence[str], limit: int) -> bool:
    """Whether visited pages of one address shape show that the rest will look the same."""
    return len(templates) >= limit and len(set(templates)) == 1
