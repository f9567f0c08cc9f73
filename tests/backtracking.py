"""Whether an expression of Python's `re` can run away on some text.

An expression is read as an automaton of its places (Glushkov). Work grows faster than the text where two ways through
it consume the same text for ever (Weideman and others, 2016):

- one loop that goes round in two ways: the work doubles with each character, as for `(a+)+$`;
- two loops of which one leads to the other, and both consume the same: the work is quadratic or worse, as for `a*a*$`.

That an expression is searched for counts as a loop over everything in front of it, as `\\s+$` is tried at every place.
A loop from where the expression fits whatever comes next costs nothing, for nothing is tried again. No text is matched
and no time is taken: the answer is the same on every machine.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from itertools import product
from re import _constants as op
from re import _parser as parser
from typing import Any, Literal, NamedTuple

from tests.characters import Takes, in_category, takes_all, takes_line, takes_of
from tests.graphs import closure, components, is_loop, reverse

Mode = Literal["search", "match", "fullmatch"]
EDGE = ""  # before the first character and after the last
ENDLESS = 300  # a repeat that may go on for longer is a loop
LARGE = 16  # … and beside another such repeat, or within one, if it may go on for longer than this
COPIES = 4
# One or more of each kind of character that Python's categories tell apart.
KINDS = "éÉß日あ٣²ſ\u00a0\u2028\u0301\U0001f600_"

Condition = Callable[[str, str, bool], bool]  # (character before, character after, what to say if it depends on more)
Conditions = tuple[Condition, ...]


class Unread(ValueError):
    """The expression uses what is not understood here, such as a reference back."""


class Way(NamedTuple):
    """Through a boundary between two characters, to or from a place, or past it (None)."""

    place: int | None
    conditions: Conditions = ()


@dataclass
class Part:
    """A part of an expression: where it begins, where it ends, and how it is passed without a character."""

    first: list[Way] = field(default_factory=list)
    last: list[Way] = field(default_factory=list)
    empty: list[Conditions] = field(default_factory=list)


State = tuple[int, str]  # a place and the character that was consumed last
Graph = dict[State, dict[str, Counter[State]]]
START: State = (-1, EDGE)


def runs_away(pattern: str, flags: int = 0, mode: Mode = "search") -> str:
    """How the work for the expression can grow, in words; empty if it is linear in the text. Raises `Unread`.

    Long repeats with an end, `.{1,300}`, are loops only beside each other: one of them costs so many steps at each
    place of the text at most, two that follow each other that many times that many.
    """
    read = parser.parse(pattern, flags)
    found = Automaton(read, mode).growth()
    return found or Automaton(read, "match", long_repeats_are_loops=True).growth()


class Automaton:
    def __init__(self, read: Any, mode: Mode, long_repeats_are_loops: bool = False) -> None:
        self.mode = mode
        self.longest = LARGE if long_repeats_are_loops else ENDLESS
        self.repeats_nothing = self.loops = False
        self.known: dict[tuple[str, Conditions, bool], frozenset[str]] = {}
        self.takes: list[Takes] = []
        self.edges: dict[int, list[Way]] = defaultdict(list)
        self.of_lookahead: set[int] = set()
        self.written: set[str] = set()
        whole = self.sequence(read.data, read.state.flags)
        self.ends = {place: [w.conditions for w in whole.last if w.place == place] for place, _ in whole.last}
        self.edges[-1] = list(whole.first)
        if mode == "search":
            anywhere = self.place(takes_all)
            self.edges[-1].append(Way(anywhere))
            self.edges[anywhere] = [Way(anywhere), *whole.first]
        self.alphabet = self.kinds_of_characters()

    # Reading the expression

    def place(self, takes: Callable[[str], bool]) -> int:
        self.takes.append(takes)
        return len(self.takes) - 1

    def sequence(self, items: Iterable[tuple[Any, Any]], flags: int) -> Part:
        whole = Part(empty=[()])
        for code, said in items:
            whole = self.then(whole, self.item(code, said, flags))
        return whole

    def item(self, code: Any, said: Any, flags: int) -> Part:
        if (takes := self.character(code, said, flags)) is not None:
            one = self.place(takes)
            return Part([Way(one)], [Way(one)])
        match code:
            case op.SUBPATTERN:
                _, added, removed, inner = said
                return self.sequence(inner, (flags | added) & ~removed)
            case op.BRANCH:
                parts = [self.sequence(branch, flags) for branch in said[1]]
                return Part(
                    [way for part in parts for way in part.first],
                    [way for part in parts for way in part.last],
                    [way for part in parts for way in part.empty],
                )
            case op.MAX_REPEAT | op.MIN_REPEAT:
                return self.repeated(said[0], said[1], said[2], flags)
            case op.AT:
                return Part(empty=[(at(said, flags),)])
            case op.ASSERT | op.ASSERT_NOT:
                return self.looking(said[0], said[1].data, flags, wanted=code is op.ASSERT)
        raise Unread(f"{str(code).lower()} is not understood")

    def character(self, code: Any, said: Any, flags: int) -> Callable[[str], bool] | None:
        match code:
            case op.LITERAL | op.NOT_LITERAL:
                self.written.add(chr(said))
            case op.IN:
                bounds = [end for kind, end in said if kind is op.RANGE]
                self.written |= {chr(end) for kind, end in said if kind is op.LITERAL}
                self.written |= {chr(end + by) for pair in bounds for end in pair for by in (-1, 0, 1) if end + by >= 0}
            case op.ANY:
                return takes_all if flags & re.DOTALL else takes_line
            case _:
                return None
        return takes_of(code, tuple(said) if code is op.IN else said, flags)

    def then(self, left: Part, right: Part) -> Part:
        self.join(left.last, right.first)
        return Part(
            left.first + [Way(place, past + held) for past in left.empty for place, held in right.first],
            right.last + [Way(place, held + past) for past in right.empty for place, held in left.last],
            [before + after for before in left.empty for after in right.empty],
        )

    def join(self, last: list[Way], first: list[Way]) -> None:
        for (place, before), (following, after) in product(last, first):
            assert place is not None
            self.edges[place].append(Way(following, before + after))

    def repeated(self, least: int, most: Any, inner: Any, flags: int) -> Part:
        """A loop if there is no end to it, else a row of copies; how long the row is makes no difference to growth."""
        one = self.sequence(inner, flags)
        if one.empty and most > 1:
            self.repeats_nothing = True
        if most > self.longest:
            self.loops = True
            self.join(one.last, one.first)
            one.empty = one.empty if least else [()]
            for _ in range(min(least, COPIES) - 1):
                one = self.then(self.sequence(inner, flags), one)
            return one
        tail = Part(empty=[()])
        for _ in range(min(most - least, COPIES)):
            tail = self.then(self.sequence(inner, flags), tail)
            tail.empty = [()]
        for _ in range(min(least, COPIES)):
            tail = self.then(self.sequence(inner, flags), tail)
        return tail

    def looking(self, direction: int, items: list[tuple[Any, Any]], flags: int, *, wanted: bool) -> Part:
        takes = self.character(*items[0], flags) if len(items) == 1 else None
        if takes is not None:
            return Part(empty=[(beside(direction, takes, wanted),)])
        if direction < 0:  # of one length always, so that it costs nothing
            return Part(empty=[(depends,)])
        known = len(self.takes)
        inner = self.sequence(items, flags)
        self.of_lookahead |= set(range(known, len(self.takes)))
        return Part(inner.first, [], [(depends,)])

    def kinds_of_characters(self) -> list[str]:
        """One character for each set of places that take it, and for each side of a condition."""
        texts = sorted(self.written | set(map(chr, range(128))) | set(KINDS))
        texts += [other for one in texts for other in (one.lower(), one.upper()) if len(other) == 1]
        conditions = {each for way in self.edges.values() for _, held in way for each in held}
        conditions |= {each for held in self.ends.values() for ways_out in held for each in ways_out}
        known: dict[tuple[bool, ...], str] = {}
        for one in texts:
            signs = [takes(one) for takes in set(self.takes)]
            for condition in conditions:
                signs += [condition(one, other, True) for other in (EDGE, "a", "-")]
                signs += [condition(other, one, True) for other in (EDGE, "a", "-")]
            known.setdefault(tuple(signs), one)
        return list(known.values())

    # Asking it

    @cached_property
    def taken(self) -> dict[Takes, frozenset[str]]:
        return {takes: frozenset(filter(takes, self.alphabet)) for takes in set(self.takes)}

    def ahead(self, before: str, conditions: Conditions, *, unsure: bool) -> frozenset[str]:
        """What may come next at this boundary, the edge of the text included."""
        key = (before, conditions, unsure)
        if key not in self.known:
            every = (*self.alphabet, EDGE)
            self.known[key] = frozenset(c for c in every if all(held(before, c, unsure) for held in conditions))
        return self.known[key]

    def following(self, state: State, *, unsure: bool) -> Iterator[State]:
        place, before = state
        for following, conditions in self.edges[place]:
            assert following is not None
            for after in self.taken[self.takes[following]] & self.ahead(before, conditions, unsure=unsure):
                yield following, after

    def fits(self, state: State) -> frozenset[str]:
        """Before what the expression has surely been found when this state is reached."""
        place, before = state
        found = frozenset[str]().union(*(self.ahead(before, held, unsure=False) for held in self.ends.get(place, ())))
        return found & {EDGE} if self.mode == "fullmatch" else found

    @cached_property
    def graph(self) -> Graph:
        """Each state that can be reached, with what can follow it by the next character, and in how many ways.

        Where the expression has been found already nothing follows: whatever else is tried and fails, this is left.
        """
        found: Graph = {}
        waiting = [START]
        while waiting:
            state = waiting.pop()
            if state in found:
                continue
            found[state] = defaultdict(Counter)
            for after in self.following(state, unsure=True):
                found[state][after[1]][after] += 1
                waiting.append(after)
        return found

    @cached_property
    def certain(self) -> set[State]:
        """States from where the expression fits whatever comes next."""
        certain = {state for state in self.graph if state[0] not in self.of_lookahead}
        everything = {*self.alphabet, EDGE}
        sure = {state: set(self.following(state, unsure=False)) for state in certain}
        while True:
            lost = {
                state
                for state in certain
                if not everything <= self.fits(state) | {to[1] for to in sure[state] & certain}
            }
            if not lost:
                return certain
            certain -= lost

    def growth(self) -> str:
        if self.repeats_nothing:
            return "exponential: it repeats what may be nothing"
        if not self.loops:
            return ""
        failing: Graph = {}
        for state, by in self.graph.items():
            found = self.fits(state)
            failing[state] = {after: to for after, to in by.items() if after not in found}
        return grown(failing, set(self.graph) - self.certain) or grown(self.graph, self.looked_ahead())

    def looked_ahead(self) -> set[State]:
        """What is looked at ahead is looked at again and again, found or not."""
        return {state for state in self.graph if state[0] in self.of_lookahead}


def grown(graph: Graph, failing: set[State]) -> str:
    plain = {state: [each for to in by.values() for each in to] for state, by in graph.items()}
    rounds = [group for group in components(plain) if is_loop(group, plain)]
    if any(goes_round_twice(group, graph) for group in rounds if group & failing):
        return "exponential: a loop goes round in two ways"
    group_of = {state: number for number, group in enumerate(rounds) for state in group}
    back = reverse(plain)
    for other in group_of.keys() & failing:
        leading = closure(back, [other])
        for one in leading & group_of.keys() - {other}:
            if one[1] == other[1] and leads(one, other, graph, leading, group_of):
                return f"polynomial: two loops take the same text, such as {one[1]!r} again and again"
    return ""


def goes_round_twice(group: set[State], graph: Graph) -> bool:
    inside = {
        state: {after: {to: n for to, n in by.items() if to in group} for after, by in graph[state].items()}
        for state in group
    }
    if any(number > 1 for by in inside.values() for to in by.values() for number in to.values()):
        return True
    pairs: dict[tuple[State, State], list[tuple[State, State]]] = {}
    waiting = [(state, state) for state in group]
    while waiting:
        pair = waiting.pop()
        if pair not in pairs:
            one, other = inside[pair[0]], inside[pair[1]]
            pairs[pair] = [both for after in one.keys() & other.keys() for both in product(one[after], other[after])]
            waiting += pairs[pair]
    return any(len({a == b for a, b in together}) == 2 for together in components(pairs))


def leads(one: State, other: State, graph: Graph, leading: set[State], group_of: dict[State, int]) -> bool:
    """Whether some text leads from one loop round to itself, from it to the other, and round the other."""
    seen = set()
    waiting = [(one, one, other)]
    while waiting:
        a, b, c = waiting.pop()
        for after in graph[a].keys() & graph[b].keys() & graph[c].keys():
            first = [to for to in graph[a][after] if group_of.get(to) == group_of[one]]
            second = [to for to in graph[b][after] if to in leading]
            third = [to for to in graph[c][after] if group_of.get(to) == group_of[other]]
            for three in product(first, second, third):
                if three == (one, other, other):
                    return True
                if three not in seen:
                    seen.add(three)
                    waiting.append(three)
    return False


def depends(before: str, after: str, unsure: bool) -> bool:
    return unsure


@cache
def beside(direction: int, takes: Callable[[str], bool], wanted: bool) -> Condition:
    def holds(before: str, after: str, unsure: bool) -> bool:
        one = after if direction > 0 else before
        return (one != EDGE and takes(one)) == wanted

    return holds


@cache
def at(where: Any, flags: int) -> Condition:
    word = partial(in_category, op.CATEGORY_WORD, flags)
    lines = bool(flags & re.MULTILINE)
    match where:
        case op.AT_BEGINNING | op.AT_BEGINNING_STRING:
            lines = lines and where is op.AT_BEGINNING
            return lambda before, after, unsure: before == EDGE or (lines and before == "\n")
        case op.AT_END:
            return lambda before, after, unsure: after == EDGE or (after == "\n" and (lines or unsure))
        case op.AT_END_STRING:
            return lambda before, after, unsure: after == EDGE
        case op.AT_BOUNDARY:
            return lambda before, after, unsure: word(before) != word(after)
        case op.AT_NON_BOUNDARY:
            return lambda before, after, unsure: word(before) == word(after)
    raise Unread(f"{str(where).lower()} is not understood")
