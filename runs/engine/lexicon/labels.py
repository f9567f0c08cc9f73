"""What a label says that a control does: by its words, and by what they stand beside."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain

from runs.engine.lexicon.intent import Intent
from runs.engine.lexicon.phrases import Found, Sense, find, outermost
from runs.engine.lexicon.units import Unit, units

_INTENT: dict[Sense, Intent] = {f"intents.{intent}": intent for intent in Intent}
_SENSE = {intent: sense for sense, intent in _INTENT.items()}
_FILLER, _JOINT, _SHOWN = "grammar.fillers", "grammar.joints", "grammar.shown"
_NOUN, _MATTER, _QUESTION = "grammar.nouns", "grammar.matters", "grammar.questions"
_LEADING = frozenset({Intent.CONFIRM, Intent.CANCEL, Intent.CONTINUE, Intent.NEXT, Intent.CHOOSE})
_ACTS = frozenset(
    {
        Intent.DELETE,
        Intent.PAY,
        Intent.SIGN_OUT,
        Intent.UNSUBSCRIBE,
        Intent.RESET,
        Intent.TRANSFER,
        Intent.PUBLISH,
        Intent.STOP,
    }
)
# What is only about how a page shows things, where nothing else is an act's object.
_HOW_SHOWN = frozenset({_SENSE[Intent.FILTER], _SENSE[Intent.ARRANGE]})
_OBJECTS: dict[Intent, frozenset[Sense]] = {Intent.DELETE: _HOW_SHOWN, Intent.RESET: _HOW_SHOWN | {_SHOWN}}
_SAYS_NOTHING = frozenset({_FILLER, _JOINT, _SENSE[Intent.ALL]})


def intents(text: str) -> frozenset[Intent]:
    """All that a label says, in any language of words.toml. Of words within a longer phrase the phrase counts alone.

    An act counts unless it names a matter ("Payment history") or the label asks about it ("How to delete …"); it is
    another one where its only object is how the page shows things ("Remove all filters").
    """
    return _remembered(text) if len(text) <= _SHORT else _read(text)


def _read(text: str) -> frozenset[Intent]:
    return frozenset(_Label(units(text)).said())


_SHORT = 200  # longer texts are not remembered
_remembered = lru_cache(maxsize=4096)(_read)


def says_and(text: str) -> bool:
    """Whether a label joins something to what it says: by an "and", a "now", a sign."""
    read = units(text)
    return any(unit.text == "&" for unit in read) or any(found.sense == _JOINT for found in find(read))


def alone(text: str, intent: Intent) -> bool:
    """Whether a label says this and nothing else; digits and signs aside."""
    read = units(text)
    said = {place for found in find(read) if found.sense == _SENSE[intent] for place in range(found.start, found.end)}
    rest = (unit.text for place, unit in enumerate(read) if place not in said)
    return bool(said) and not any(char.isalpha() for char in chain.from_iterable(rest))


class _Label:
    """Each step takes time that grows with the length of the label alone: labels may be as long as pages like."""

    def __init__(self, read: list[Unit]) -> None:
        self._read = read
        self._found = find(read)
        self._first = next((place for place, unit in enumerate(read) if not unit.mark), 0)
        self._asks = any(found.sense == _QUESTION and found.start == self._first for found in self._found)
        self._nouns = {(found.start, found.end) for found in self._found if found.sense == _NOUN}
        self._covered: dict[int, set[Sense]] = {}
        for found in self._found:
            for place in range(found.start, found.end):
                self._covered.setdefault(place, set()).add(found.sense)

    def said(self) -> Iterator[Intent]:
        said = [(found, _INTENT[found.sense]) for found in self._counted()]
        acts = sorted({found.start for found, intent in said if intent in _ACTS})
        for found, intent in said:
            if intent in _LEADING and found.start != self._first:
                continue
            if intent in _ACTS and (self._asks or self._names_a_matter(found)):
                continue
            yield Intent.CLEAR_VIEW if self._arranges(found, intent, acts) else intent

    def _counted(self) -> Iterator[Found]:
        """Intents, without those that stand in a longer phrase; `ALL` is no act and may."""
        said = [found for found in self._found if found.sense in _INTENT]
        counted = set(outermost(said))
        yield from (found for found in said if found in counted or found.sense == _SENSE[Intent.ALL])

    def _names_a_matter(self, act: Found) -> bool:
        if (act.start, act.end) not in self._nouns:
            return False
        before, after = self._beside(act.start - 1, -1), self._beside(act.end, 1)
        return any(_MATTER in self._covered.get(place, ()) for place in (before, after))

    def _beside(self, place: int, way: int) -> int:
        """The next place that is more than a filler."""
        while _FILLER in self._covered.get(place, ()):
            place += way
        return place

    def _arranges(self, act: Found, intent: Intent, acts: Sequence[int]) -> bool:
        """Whether all that is said up to the next act, and before the first, is how things are shown."""
        objects = _OBJECTS.get(intent)
        if not objects:
            return False
        following = bisect_left(acts, act.end)
        last = acts[following] if following < len(acts) else len(self._read)
        before = range(act.start) if act.start == acts[0] else range(0)
        spoken = [place for place in (*before, *range(act.end, last)) if not self._empty(place)]
        return bool(spoken) and all(self._covered.get(place, set()) & objects for place in spoken)

    def _empty(self, place: int) -> bool:
        """Whether a unit says nothing of what an act is done to."""
        unit = self._read[place]
        return unit.mark or unit.text.isdecimal() or bool(self._covered.get(place, set()) & _SAYS_NOTHING)
