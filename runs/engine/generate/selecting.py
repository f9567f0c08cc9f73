"""Which tests are worth proposing, and in which order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runs.engine.generate.cases import Draft, Step
from runs.engine.generate.proposals.writing import TITLE_LENGTH

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
        tries = (base, f"{base}, from {draft.case.start}", *(f"{base} ({number})" for number in range(2, 1000)))
        title = next(one for one in tries if one not in taken and len(one) <= TITLE_LENGTH + 6)
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
