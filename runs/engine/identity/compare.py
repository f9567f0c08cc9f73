"""How far apart two states are, and where on a site "the same" ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate

from runs.engine.identity.state_signature import WORDS, Signature

# Words and colours decide about single pairs; of labelled pages they hardly change the totals (decision 19).
STRUCTURE, SECOND_OPINION = 2.0, 1.0


def distance(state: Signature, other: Signature) -> float:
    """0 (one template) to 1: half of it from where the two are, half from what they show.

    Of what is shown structure counts double; words and colours are heard where both have them.
    """
    if state.template == other.template:
        return 0.0
    return ((state.place != other.place) + _shown(state, other)) / 2


def same(apart: float, distances_of_site: Iterable[float]) -> bool:
    """Whether two states at this distance are of one template, on a site with these distances between neighbours."""
    return apart == 0 or apart <= cut([*distances_of_site, apart])


def same_controls(state: Signature, other: Signature) -> bool:
    """Whether two states say the same of themselves and offer the same to fill in and to press."""
    return (state.place, state.key, state.controls) == (other.place, other.key, other.controls)


def cut(distances: Iterable[float]) -> float:
    """Where the distances fall into a near and a far class (Otsu, 1979: the largest variance between the classes).

    0 and 1, a state and itself and two without anything in common, belong to every site.
    """
    values = sorted([0.0, 1.0, *distances])
    sums = list(accumulate(values))
    best, place = -1.0, 0.5
    for index in range(1, len(values)):
        if values[index] == values[index - 1]:
            continue
        near, far = index, len(values) - index
        gap = (sums[-1] - sums[index - 1]) / far - sums[index - 1] / near
        if near * far * gap * gap > best:
            best, place = near * far * gap * gap, (values[index] + values[index - 1]) / 2
    return place


def _shown(state: Signature, other: Signature) -> float:
    heard = [(STRUCTURE, _weighted(state.paths, other.paths))]
    if state.words and other.words:
        heard.append((SECOND_OPINION, _sketched(state.words, other.words)))
    if state.colours and other.colours:
        heard.append((SECOND_OPINION, _histogram(state.colours, other.colours)))
    return sum(weight * apart for weight, apart in heard) / sum(weight for weight, _ in heard)


def _weighted(paths: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Weighted Jaccard distance; a path has one weight wherever it is."""
    both = sum(weight for path, weight in paths.items() if path in other)
    total = sum(paths.values()) + sum(other.values()) - both
    return 1 - both / total if total else 0.0


def _sketched(words: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Jaccard distance from the smallest hashes of both (bottom-k sketch)."""
    kept = set(sorted({*words, *other})[:WORDS])
    return 1 - len(kept.intersection(words).intersection(other)) / len(kept)


def _histogram(colours: Mapping[str, int], other: Mapping[str, int]) -> float:
    """1 less what two histograms share."""
    shared = sum(min(count, other.get(colour, 0)) for colour, count in colours.items())
    return 1 - shared / max(sum(colours.values()), sum(other.values()))
