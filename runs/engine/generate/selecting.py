"""Which tests are worth proposing, and in which order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runs.engine.generate.cases import Draft, Step, Tone
from runs.engine.generate.preferences import SHARES, fondness, weights
from runs.engine.generate.proposals.writing import short
from runs.engine.kinds import kind_of
from runs.engine.plan import Preferences
from runs.engine.steps.base import Subject
from runs.engine.steps.variables import expressions

# What no person sees: where a page is, and that nothing went wrong beneath it.
_UNSEEN: frozenset[Subject] = frozenset({"address", "console", "requests"})
_OURS = {"random.digits(6)", "uuid", "marker", "created"}
_ACCOUNT = {"account.username", "account.password"}


def in_turns(families: Mapping[str, Sequence[Draft]], preferences: Preferences) -> list[Draft]:
    """The best of each family, then the second best of each, and so on: whatever the limit, each gets its share.

    A family with twice the weight takes two turns where others take one; a test that is wanted comes sooner.
    """
    weight = weights(preferences)
    placed = []
    for order, (family, drafts) in enumerate(families.items()):
        for turn, draft in enumerate(
            sorted(drafts, key=lambda draft: (draft.rank, -fondness(preferences, draft))), start=1
        ):
            share = weight.get(family, 1.0) * fondness(preferences, draft)
            placed.append((turn / share, order, turn, draft))
    return [draft for *_, draft in sorted(placed, key=lambda placing: placing[:3])]


def shared_out(drafts: Iterable[Draft], preferences: Preferences) -> list[Draft]:
    """The drafts so that each beginning of the list has the shares of tones that the approach asks for.

    Where one tone runs out the others go on; a tone without a share is left out.
    """
    shares = SHARES[preferences.approach]
    queues: dict[Tone, list[Draft]] = {tone: [] for tone in shares}
    for draft in drafts:
        if draft.tone in queues:
            queues[draft.tone].append(draft)
    taken = dict.fromkeys(queues, 0)
    chosen: list[Draft] = []
    while any(taken[tone] < len(queue) for tone, queue in queues.items()):
        open_tones = [tone for tone, queue in queues.items() if taken[tone] < len(queue)]
        tone = max(open_tones, key=lambda candidate: shares[candidate] * (len(chosen) + 1) - taken[candidate])
        chosen.append(queues[tone][taken[tone]])
        taken[tone] += 1
    return chosen


def titled(drafts: Iterable[Draft]) -> Iterator[tuple[str, Draft]]:
    """Each draft with a title that no other has."""
    taken: set[str] = set()
    for draft in drafts:
        base = str(draft.document["title"])
        endings = ("", f", from {draft.case.start[:60]}", *(f" ({number})" for number in range(2, 2 + len(taken))))
        title = next(candidate for ending in endings if (candidate := short(base, ending)) not in taken)
        taken.add(title)
        yield title, draft


def asserts_something_visible(steps: Iterable[Step]) -> bool:
    """Whether the steps expect what a person would see, or a service answer: an address alone is not enough."""
    return any(_expects(step) for step in steps)


def only_ours(draft: Draft) -> bool:
    """A page cannot smuggle a variable into a test: its texts are not ours to resolve."""
    # Only the family of sign-ins writes the account's variables itself. In any other test they come from a page's text,
    # and the password would be entered wherever that page has put it.
    allowed = _OURS | (_ACCOUNT if draft.family == "signin" else set())
    return set(expressions(draft.document)) <= allowed


def _expects(step: Mapping[str, Any]) -> bool:
    kind = kind_of(step)
    return (kind.role == "expect" and kind.about not in _UNSEEN) or (kind.asks_api and bool(step.get("expect")))
