"""Failed results grouped by cause.

Exact groups first. A failure with a fact that explains it (an unreachable host, a request that a passing test does not
see fail, an uncaught error) belongs to that fact, whatever its message says; of several facts the one counts that
explains the most failures. The others are grouped by message, step, element and page, and groups whose messages are
alike and that share the element or the page are joined. Nothing depends on the order of the failures.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain

from runs.insight.diagnosis import category_of
from runs.insight.facts import Fact, facts
from runs.insight.normalising import path_template, shape, words
from runs.insight.similar_sets import candidates, shingles, similarity
from runs.report import Cause, FailedTest

ALIKE = 0.6
SIBLINGS = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Failures that are exactly alike, or share the fact that explains them."""

    key: str
    members: tuple[FailedTest, ...]
    fact: Fact | None = None


def causes(failures: Collection[FailedTest], harmless: Collection[str] = ()) -> tuple[Cause, ...]:
    """The causes of a run's failures, the largest first. `harmless`: keys of facts that passing tests show as well."""
    groups = _exact(failures, frozenset(harmless))
    found: dict[str, list[Group]] = defaultdict(list)
    # Groups that were not joined may still have one signature, by which later runs would take them for one cause.
    for joined in _joined(groups):
        found[_signature(joined)].append(joined)
    made = [_cause(signature, _merged(parts), harmless) for signature, parts in found.items()]
    return tuple(sorted(made, key=lambda cause: (-cause.size, cause.signature)))


def known(found: Iterable[Cause], earlier: Sequence[tuple[str, Collection[str]]]) -> tuple[Cause, ...]:
    """The causes with the oldest of the earlier runs, given newest first, that had them already."""
    # Newest first, so that the last entry for a signature is of its oldest run.
    since = {signature: run for run, signatures in earlier for signature in signatures}
    return tuple(replace(cause, since=since.get(cause.signature, "")) for cause in found)


def _exact(failures: Collection[FailedTest], harmless: frozenset[str]) -> list[Group]:
    # Folded before they are counted, or each of the addresses would explain a single failure.
    by_result = _folded({failure.result: _telling(failure, harmless) for failure in failures})
    support = Counter(fact.key for found in by_result.values() for fact in found)
    grouped: dict[str, list[FailedTest]] = defaultdict(list)
    explained: dict[str, Fact] = {}
    for failure in failures:
        best = min(
            by_result[failure.result], key=lambda fact: (fact.rank, -support[fact.key], *_named(fact)), default=None
        )
        key = best.key if best else _key(failure)
        if best:
            explained[key] = min(explained.get(key, best), best, key=_named)
        grouped[key].append(failure)
    return [
        Group(key, tuple(sorted(members, key=lambda failure: failure.result)), explained.get(key))
        for key, members in grouped.items()
    ]


def _named(fact: Fact) -> tuple[str, str]:
    return fact.key, fact.label


def _telling(failure: FailedTest, harmless: frozenset[str]) -> frozenset[Fact]:
    return frozenset(fact for fact in facts(failure) if fact.key not in harmless)


def _folded(by_result: Mapping[int, frozenset[Fact]]) -> dict[int, frozenset[Fact]]:
    """Requests for several addresses below one parent that fail alike are one fact: GET /products/*."""
    families: dict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in set(chain.from_iterable(by_result.values())):
        if fact.key.startswith("request "):
            families[_family(fact)].add(fact.place)
    large = {family for family, places in families.items() if len(places) >= SIBLINGS}

    def fold(fact: Fact) -> Fact:
        if not fact.key.startswith("request ") or _family(fact) not in large:
            return fact
        parent, said = _family(fact)
        return Fact(fact.rank, f"request {parent}/* {said}", f"{parent}/* {said}", f"{parent}/*")

    return {result: frozenset(map(fold, found)) for result, found in by_result.items()} if large else dict(by_result)


def _family(fact: Fact) -> tuple[str, str]:
    parent = fact.place.rpartition("/")[0]
    return parent, fact.label.removeprefix(fact.place).strip()


def _key(failure: FailedTest) -> str:
    # Without an element and a page, what a message quotes is all that tells failures apart.
    error = shape(failure.error) if failure.target or failure.page else words(failure.error)
    parts = (failure.kind, failure.step, error, failure.target, _page(failure))
    return "\x1f".join(("message", *parts))


def _page(failure: FailedTest) -> str:
    return path_template(failure.page) if failure.page.startswith("/") else failure.page


def _path(failure: FailedTest) -> str:
    """The page in words; the identity of its structure says nothing to anybody."""
    return path_template(failure.path) if failure.path else _page(failure) if failure.page.startswith("/") else ""


def _joined(groups: Sequence[Group]) -> list[Group]:
    """Connected components of groups that are alike and share a place."""
    plain = {group.key: group for group in groups if group.fact is None}
    texts = {key: min(words(member.error) for member in group.members) for key, group in plain.items()}
    sets = {key: shingles(f"{plain[key].members[0].kind} {text}") for key, text in texts.items()}
    places = {key: _places(group.members[0]) for key, group in plain.items()}
    parents = {key: key for key in plain}

    def root(key: str) -> str:
        while parents[key] != key:
            parents[key] = parents[parents[key]]
            key = parents[key]
        return key

    for left, right in candidates(sets, places):
        first, second = root(left), root(right)
        if first != second and similarity(sets[left], sets[right]) >= ALIKE:
            # The smaller key becomes the root, so that the order of pairs does not matter.
            parents[max(first, second)] = min(first, second)
    components: dict[str, list[Group]] = defaultdict(list)
    for key, group in plain.items():
        components[root(key)].append(group)
    return [group for group in groups if group.fact] + [_merged(parts) for parts in components.values()]


def _places(failure: FailedTest) -> list[tuple[str, str]]:
    places = (("element", _own(failure)), ("page", _page(failure)))
    return [place for place in places if place[1]]


def _merged(groups: Sequence[Group]) -> Group:
    if len(groups) == 1:
        return groups[0]
    members = sorted(chain.from_iterable(group.members for group in groups), key=lambda failure: failure.result)
    return Group(min(group.key for group in groups), tuple(members), groups[0].fact)


def _signature(group: Group) -> str:
    """Made of what identifies the cause in any run: its fact, else kind and element, else message and page."""
    text = group.fact.key if group.fact else "\x1f".join((_usual(group, _kind), *_identity(group)))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _identity(group: Group) -> tuple[str, ...]:
    own = _shared(group, _own)
    if own and all(_gone(member) for member in group.members):
        return (own,)
    error = _usual(group, lambda member: _key(member).split("\x1f")[3])
    return (error, own) if own else (error, _shared(group, _target), _shared(group, _page))


def _cause(signature: str, group: Group, harmless: Collection[str]) -> Cause:
    tests = dict.fromkeys(member.test for member in group.members if member.test)
    return Cause(
        signature=signature,
        label=group.fact.label if group.fact else _label(group),
        kind=_usual(group, _kind),
        place=group.fact.place if group.fact else _shared(group, _target) or _shared(group, _path),
        error=_usual(group, lambda member: member.error),
        results=tuple(member.result for member in group.members),
        tests=tuple(tests),
        size=len(group.members),
        category=_usual(group, lambda member: _category(member, harmless)),
    )


def _category(failure: FailedTest, harmless: Collection[str]) -> str:
    return failure.diagnosis.category if failure.diagnosis else category_of(failure, harmless)


def _kind(failure: FailedTest) -> str:
    return failure.kind


def _target(failure: FailedTest) -> str:
    return failure.target


def _own(failure: FailedTest) -> str:
    """The element or request where its name tells it from others: button "Pay", not main."""
    return failure.target if '"' in failure.target or "/" in failure.target else ""


def _gone(failure: FailedTest) -> bool:
    return failure.error.startswith("There is no ") or "has no such element" in failure.error


def _shared(group: Group, text_of: Callable[[FailedTest], str]) -> str:
    """What all members say alike, "" where they differ."""
    said = {text_of(member) for member in group.members}
    return said.pop() if len(said) == 1 else ""


def _usual(group: Group, text_of: Callable[[FailedTest], str]) -> str:
    """What most members say; of equals the first in the alphabet."""
    said = Counter(text_of(member) for member in group.members)
    return min(said, key=lambda text: (-said[text], text))


def _label(group: Group) -> str:
    target = _shared(group, _target)
    if target and all(_gone(member) for member in group.members):
        return f"{_curly(target)} is gone"
    error = _usual(group, lambda member: member.error)
    return " ".join(error.split())[:160] or "The test failed without saying why"


def _curly(target: str) -> str:
    return re.sub(r'"([^"]*)"', r"“\1”", target)
