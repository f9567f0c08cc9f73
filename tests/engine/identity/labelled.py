"""Pages of four real sites, captured by `python -m bench.pairs`: each with its kind and what it is compared by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from runs.engine import identity
from runs.engine.crawl.fingerprint import template
from runs.engine.identity import Face, Signature, signature

FILE = Path(__file__).parent / "pages.jsonl"

Labelled = tuple[str, Signature]
Pair = tuple[Signature, Signature, bool]


def known() -> dict[str, list[Labelled]]:
    """By site its pages, in the order in which a crawl met them: kind and signature."""
    found: dict[str, list[Labelled]] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        page = json.loads(line)
        shown: Any = {name: tuple(one) if isinstance(one, list) else one for name, one in page["face"].items()}
        compared_by = signature(template(page["folded"]), page["folded"], Face(**shown))
        found.setdefault(page["site"], []).append((page["kind"], compared_by))
    return found


def pairs(pages: Sequence[Labelled]) -> Iterator[Pair]:
    """All pairs of a site's pages, and whether they are of one kind."""
    for (kind, one), (other_kind, other) in combinations(pages, 2):
        yield one, other, kind == other_kind


def neighbours(pages: Sequence[Labelled]) -> list[float]:
    """The distance of each page with a new structure to the nearest before it: what a crawl knows of its site."""
    met: dict[str, Signature] = {}
    distances: list[float] = []
    for _, one in pages:
        if met and one.template not in met:
            distances.append(min(identity.distance(one, other) for other in met.values()))
        met.setdefault(one.template, one)
    return distances


def macro_f1(judged: Iterable[tuple[bool, bool]]) -> float:
    """The mean of the F1 of "same" and of "different"; each entry is (is the same, was judged the same)."""
    listed = list(judged)
    return sum(_f1([(wanted == kind, got == kind) for wanted, got in listed]) for kind in (True, False)) / 2


def _f1(judged: Sequence[tuple[bool, bool]]) -> float:
    hits = sum(wanted and got for wanted, got in judged)
    misses = sum(wanted != got for wanted, got in judged)
    return 2 * hits / (2 * hits + misses) if hits else 0.0


def score(pages: Sequence[Labelled]) -> tuple[int, int, float]:
    """Pairs, pairs of one kind, and macro-F1 of a site, which is told nothing but its own pages."""
    end = identity.cut(neighbours(pages))
    judged = [
        (wanted, (apart := identity.distance(one, other)) == 0 or apart <= end) for one, other, wanted in pairs(pages)
    ]
    return len(judged), sum(wanted for wanted, _ in judged), macro_f1(judged)
