"""Which sets are alike, without comparing each with each: MinHash signatures in buckets (LSH).

Whoever asks compares the candidates exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import pairwise

from runs.engine.identity.minhash import cut_up, minima

NEIGHBOURS = 6


def shingles(text: str) -> frozenset[str]:
    """Pairs of words that stand beside each other."""
    listed = text.split()
    return frozenset(" ".join(pair) for pair in pairwise(listed)) or frozenset(listed)


def similarity(first: frozenset[str], second: frozenset[str]) -> float:
    """Jaccard: what both have by what one of them has."""
    both = len(first & second)
    return both / (len(first) + len(second) - both) if both else 0.0


def candidates(
    sets: Mapping[str, frozenset[str]], places: Mapping[str, Sequence[Hashable]]
) -> Iterator[tuple[str, str]]:
    """Pairs of names that may be alike and share a place, each at least once.

    In a bucket a name is paired with its next neighbours in the order of names, so a bucket of thousands costs no more
    than its length; who is alike is in many buckets.
    """
    buckets: dict[Hashable, list[str]] = defaultdict(list)
    for name in sorted(sets):
        if not sets[name]:
            continue
        for band, part in cut_up(minima(sets[name])):
            for place in places[name]:
                buckets[place, band, part].append(name)
    for names in buckets.values():
        for index, name in enumerate(names):
            for other in names[index + 1 : index + 1 + NEIGHBOURS]:
                yield name, other
