"""Directed graphs as dicts: each node with those that follow it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from typing import Any


def is_loop(group: set[Any], graph: dict[Any, Any]) -> bool:
    return len(group) > 1 or any(state in graph[state] for state in group)


def closure(graph: dict[Any, Any], begin: Iterable[Any], within: Container[Any] | None = None) -> set[Any]:
    found: set[Any] = set()
    waiting = list(begin)
    while waiting:
        state = waiting.pop()
        if state not in found and (within is None or state in within):
            found.add(state)
            waiting += graph[state]
    return found


def reverse(graph: dict[Any, Any]) -> dict[Any, list[Any]]:
    back: dict[Any, list[Any]] = defaultdict(list)
    for state, following in graph.items():
        for each in following:
            back[each].append(state)
    return back


def components(graph: dict[Any, Any]) -> Iterator[set[Any]]:
    """Strongly connected components (Kosaraju)."""
    order: list[Any] = []
    seen: set[Any] = set()
    for root, following in graph.items():
        stack = [(root, iter(following))] if root not in seen else []
        seen.add(root)
        while stack:
            new = next((each for each in stack[-1][1] if each not in seen), None)
            if new is None:
                order.append(stack.pop()[0])
            else:
                seen.add(new)
                stack.append((new, iter(graph[new])))
    back = reverse(graph)
    left = set(graph)
    while order:
        root = order.pop()
        if root in left:
            group = closure(back, [root], left)
            left -= group
            yield group
