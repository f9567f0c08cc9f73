"""Which results are skipped before anything is executed, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from runs.planning.budget import within_budget
from runs.planning.ordering import DependencyGraph, DispatchCandidate


def skips(
    candidates: Sequence[DispatchCandidate],
    unfit: Mapping[str, Set[str]] | None = None,
    impacted: Set[str] | None = None,
    slots: int = 1,
    budget_ms: float | None = None,
) -> dict[int, str]:
    """Reasons by index. `unfit` names by reason go with all that waits for them, the later reasons outweigh the
    earlier; of `impacted` names, smoke tests and what they depend on the rest goes; what is left has to fit into the
    budget. Raises Circular."""
    graph = DependencyGraph(candidates)
    out: dict[int, str] = {}
    for reason, names in (unfit or {}).items():
        out |= dict.fromkeys(_rows(graph, _reached(names & graph.members.keys(), graph.followers.__getitem__)), reason)
    if impacted is not None:
        smoke = {candidate.name for candidate in candidates if candidate.smoke}
        kept = set(_rows(graph, _reached((impacted | smoke) & graph.members.keys(), graph.upstream.__getitem__)))
        out |= {number: "no_impact" for number in range(len(candidates)) if number not in kept and number not in out}
    if budget_ms is not None:
        # The budget comes last, so that it is spent on what nothing else leaves out.
        left = [number for number in range(len(candidates)) if number not in out]
        fitting = within_budget([candidates[number] for number in left], slots, budget_ms)
        out |= {number: "over_budget" for place, number in enumerate(left) if place not in fitting}
    return out


def _reached(names: Iterable[str], onwards: Callable[[str], Iterable[str]]) -> set[str]:
    found = set(names)
    new = list(found)
    while new:
        more = set(onwards(new.pop())) - found
        found |= more
        new.extend(more)
    return found


def _rows(graph: DependencyGraph, names: Iterable[str]) -> Iterable[int]:
    return (number for name in names for number in graph.members[name])
