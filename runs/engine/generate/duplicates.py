"""Tests that say no more than another one are merged into it, the better of the two kept. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from runs.engine.generate.cases import Draft, Step
from runs.engine.generate.signature import bare, signature
from runs.engine.kinds import kind_of

ALIKE = 0.9
# A tenth of a shorter title is a letter, which may be all that tells two tests apart.
LONG_ENOUGH = 15
# Bounded, for each opening mark without an end would read all that follows once more.
_QUOTED = re.compile(r"[“«„「\"](.{1,200}?)[”»“」\"]")
_LITERAL = re.compile(r"(?<!\S)[^\s\d/]*[\d/]\S*")
# What promises of an answer count beside each other: its shape, places in it, and the rest.
_PROMISED = {"schema": 4.0, "json": 2.0}
_FRAGILE = 2.0
_NUMBERED = 0.5


@dataclass(frozen=True)
class KnownTest:
    """A test that exists already. Its signature is that of the draft which it was before its proof changed it."""

    title: str
    document: dict[str, Any]
    signature: str = ""
    public_id: str = ""


@dataclass(frozen=True)
class Gist:
    """What a test does and expects, in parts that can be compared."""

    title: str
    document: dict[str, Any]
    tone: str = ""
    public_id: str = ""

    @cached_property
    def place(self) -> tuple[str, str, str]:
        """Where it plays: kind, the address that is opened or asked first, sign-in."""
        first = next((str(step["path"]) for step in self.document["steps"] if kind_of(step).asks_api), "")
        # Tests are compared only within a place: those of thousands are too many to compare each with each.
        start = str(self.document.get("start") or first.split("?")[0])
        return str(self.document.get("kind")), start, str(self.document.get("auth", ""))

    @cached_property
    def signature(self) -> str:
        return signature(self.document)

    @cached_property
    def actions(self) -> tuple[str, ...]:
        return tuple(_key(_asking(step)) for step in self.document["steps"] if not _is_check(step))

    @cached_property
    def gestures(self) -> tuple[str, ...]:
        """The actions without what they enter."""
        return tuple(_key(_emptied(_asking(step))) for step in self.document["steps"] if not _is_check(step))

    @cached_property
    def checks(self) -> frozenset[tuple[int, str]]:
        """What is expected, and after how many actions."""
        found, acted = set(), 0
        for step in self.document["steps"]:
            if _is_check(step):
                found.add((acted, _key(step)))
                continue
            acted += 1
            found |= {(acted, _key({name: value})) for name, value in (step.get("expect") or {}).items()}
        return frozenset(found)

    @cached_property
    def strength(self) -> float:
        """More and more telling expectations count for a test, targets that lean on the page's structure against."""
        return sum(_strength(step) for step in self.document["steps"])


@dataclass
class Merged:
    """What is left: drafts with the titles of what was merged into them, and how many were not new."""

    kept: list[tuple[Draft, tuple[str, ...]]] = field(default_factory=list)
    duplicates: int = 0
    known: int = 0


def merged(drafts: Iterable[Draft], known: Sequence[KnownTest], signatures: frozenset[str] = frozenset()) -> Merged:
    """The drafts in their order without duplicates among themselves and of known tests.

    A draft of a known signature is known, and so is what says no more than it: a proof may have changed the test that
    it became. One that says more than a known test is new, and says so.
    """
    found = Merged()
    marks = {test.signature: test.public_id for test in known}
    fresh: list[tuple[Draft, Gist]] = []
    existing: dict[tuple[str, ...], list[Gist]] = {}
    for test in known:
        gist = Gist(test.title, test.document, public_id=test.public_id)
        existing.setdefault(gist.place, []).append(gist)
    for draft in drafts:
        gist = Gist(str(draft.document["title"]), draft.document, draft.tone)
        if gist.signature in marks or gist.signature in signatures:
            found.known += 1
            existing.setdefault(gist.place, []).append(replace(gist, public_id=marks.get(gist.signature, "")))
        else:
            fresh.append((draft, gist))
    places: dict[tuple[str, ...], list[int]] = {}
    gists: list[Gist] = []
    for new, gist in fresh:
        old = [other for other in existing.get(gist.place, ()) if same(gist, other)]
        if any(gist.strength <= other.strength for other in old):
            found.known += 1
            continue
        draft = _saying_more(new, old)
        twin = next((place for place in places.get(gist.place, ()) if same(gist, gists[place])), None)
        if twin is None:
            places.setdefault(gist.place, []).append(len(gists))
            gists.append(gist)
            found.kept.append((draft, ()))
            continue
        found.duplicates += 1
        _settle(found, gists, twin, (draft, gist))
    return found


def _saying_more(draft: Draft, old: Sequence[Gist]) -> Draft:
    """The weaker tests stay as they are; whoever reviews the draft is told of the first."""
    name = next((gist.public_id for gist in old if gist.public_id), "")
    return replace(draft, why=f"{draft.why}; it says more than {name}") if name else draft


def _settle(found: Merged, gists: list[Gist], twin: int, new: tuple[Draft, Gist]) -> None:
    """Of two that say the same the better stays, in the place of the first, with the other's title."""
    draft, gist = new
    first, before = found.kept[twin]
    if gist.strength > gists[twin].strength:
        found.kept[twin] = (draft, tuple(dict.fromkeys((*before, gists[twin].title))))
        gists[twin] = gist
    else:
        found.kept[twin] = (first, tuple(dict.fromkeys((*before, gist.title))))


def same(gist: Gist, other: Gist) -> bool:
    """Whether one of two tests of one place says nothing that the other does not."""
    if gist.signature == other.signature:
        return True
    alike = not gist.tone or not other.tone or gist.tone == other.tone
    # At an edge it is the data that is tested.
    if alike and gist.tone != "edge" and gist.gestures == other.gestures and gist.checks == other.checks:
        return True
    if _within(gist, other) or _within(other, gist):
        return True
    return alike and near(gist.title, other.title)


def _within(gist: Gist, other: Gist) -> bool:
    """Whether a test is the beginning of another one, and expects nothing more."""
    return gist.actions == other.actions[: len(gist.actions)] and gist.checks <= other.checks


def near(title: str, other: str) -> bool:
    """Whether two titles say the same in nearly the same words; names, numbers and addresses must be equal."""
    left, right = _plain(title), _plain(other)
    if min(len(left), len(right)) < LONG_ENOUGH or _names(title) != _names(other):
        return False
    return left == right or SequenceMatcher(None, left, right).ratio() >= ALIKE


def _names(title: str) -> list[str]:
    """What is quoted, and what holds a digit or a slash."""
    return [part.lower() for part in (*_QUOTED.findall(title), *_LITERAL.findall(title))]


def _plain(title: str) -> str:
    return " ".join(re.sub(r"[^\w ]+", " ", title.lower()).split())


def _is_check(step: Step) -> bool:
    return kind_of(step).role == "expect"


def _asking(step: Step) -> Step:
    return {name: value for name, value in step.items() if name != "expect"}


def _emptied(step: Step) -> Step:
    return {name: value for name, value in step.items() if name != "value"} if kind_of(step).free_value else step


def _key(value: Any) -> str:
    return json.dumps(bare(value), sort_keys=True, ensure_ascii=False)


def _strength(step: Step) -> float:
    if kind_of(step).asks_api:
        # A request is weighed by its parts: one step can promise as much as a page of expectations.
        return sum(_PROMISED.get(name, 1.0) for name in step.get("expect") or ())
    target = step.get("target") or {}
    fragile = _FRAGILE if "css" in target or "xpath" in target else 0.0
    numbered = _NUMBERED if "nth" in target else 0.0
    if not _is_check(step):
        return -fragile - numbered
    named = 1.0 if target.get("name") or target.get("text") or target.get("label") else 0.0
    return kind_of(step).strength + named - fragile - numbered
