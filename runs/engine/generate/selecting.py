"""Which tests are worth proposing, and in which order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runs.engine.generate.cases import Draft, Step
from runs.engine.generate.proposals.writing import short

_ADDRESSES = frozenset({"expect_url"})


def in_turns(families: Mapping[str, Sequence[Draft]]) -> list[Draft]:
    """The best of each family, then the second best of each, and so on: whatever the limit, each gets its share."""
    queues = [sorted(drafts, key=lambda draft: draft.rank) for drafts in families.values() if drafts]
    longest = max((len(queue) for queue in queues), default=0)
    return [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]


def titled(drafts: Iterable[Draft]) -> Iterator[tuple[str, Draft]]:
    """Each draft with a title that no other has."""
    taken: set[str] = set()
    for draft in drafts:
        base = str(draft.document["title"])
        endings = ("", f", from {draft.case.start[:60]}", *(f" ({number})" for number in range(2, 2 + len(taken))))
        title = next(one for ending in endings if (one := short(base, ending)) not in taken)
        taken.add(title)
        yield title, draft


def telling(steps: Iterable[Step]) -> bool:
    """Whether the steps expect what a person would see, or a service answer: an address alone is not enough."""
    return any(_expects(step) for step in steps)


def _expects(step: Mapping[str, Any]) -> bool:
    do = str(step["do"])
    if do in _ADDRESSES or do.startswith("expect_no_"):
        return False
    return do.startswith("expect_") or (do == "request" and bool(step.get("expect")))
