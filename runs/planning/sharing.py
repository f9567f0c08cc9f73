"""Whose share a result is, whom to help, and what to do twice. The ledger and the simulation in bench/ use the same."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

PATIENCE, PATIENCE_AT_LEAST_MS = 2, 1_000


def share(estimates: Sequence[int], shards: int, serial: Sequence[str] = ()) -> list[int]:
    """The home of each result, given in dispatch order: longest first to the shard that has least so far.

    Results of one serial group are one piece, as they cannot run side by side anyway.
    """
    pieces: dict[tuple[str, int], list[int]] = {}
    for position in range(len(estimates)):
        group = serial[position] if serial else ""
        pieces.setdefault((group, -1) if group else ("", position), []).append(position)
    weighed = [(sum(estimates[position] for position in piece), piece) for piece in pieces.values()]
    # The number of results counts where loads are equal, so that those without an estimate are spread as well.
    loads = [(0, 0, home) for home in range(shards)]
    homes = [0] * len(estimates)
    for weight, piece in sorted(weighed, key=lambda pair: (-pair[0], pair[1][0])):
        load, count, home = loads[0]
        for position in piece:
            homes[position] = home
        heapq.heapreplace(loads, (load + weight, count + len(piece), home))
    return homes


def slowest(remaining_ms_by_home: Mapping[int, int]) -> int | None:
    """Of the homes in which something is left, the one with the longest way to go."""
    if not remaining_ms_by_home:
        return None
    return min(remaining_ms_by_home, key=lambda home: (-remaining_ms_by_home[home], home))


def worth_hedging(elapsed_ms: float, estimate_ms: float) -> bool:
    """Whether an idle worker should repeat a running test: it takes far longer than it should. Unknown times never."""
    return estimate_ms > 0 and elapsed_ms > patience_ms(estimate_ms)


def patience_ms(estimate_ms: float) -> float:
    """How long a test may run before it is repeated."""
    return max(PATIENCE * estimate_ms, PATIENCE_AT_LEAST_MS)
