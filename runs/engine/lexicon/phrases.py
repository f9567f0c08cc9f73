"""The words of words.toml, and where they stand in a text."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import NamedTuple

from runs.engine.lexicon.units import BREAK, Unit, is_spaceless, units

Sense = str
"""A part of the file and a name in it: "intents.delete"."""


_IDIOM: Sense = "grammar.idioms"


class Found(NamedTuple):
    """A sense of the units from `start` to before `end`."""

    start: int
    end: int
    sense: Sense


@dataclass(slots=True)
class Branch:
    """What may come next in a phrase: whole words, beginnings of words, and what it means where it ends.

    `alone`: what it means only where nothing else stands between the marks before and behind it.
    """

    words: dict[str, Branch] = field(default_factory=dict)
    stems: dict[str, Branch] = field(default_factory=dict)
    senses: list[Sense] = field(default_factory=list)
    alone: list[Sense] = field(default_factory=list)

    def after(self, unit: str) -> list[Branch]:
        exact = [self.words[unit]] if unit in self.words else []
        if not self.stems:
            return exact
        beginnings = (unit[:size] for size in range(1, len(unit) + 1))
        return exact + [self.stems[begins] for begins in beginnings if begins in self.stems]


@cache
def table() -> dict[str, dict[str, dict[str, tuple[str, ...]]]]:
    """Part, name, language and words of the file."""
    text = files(__package__).joinpath("words.toml").read_text(encoding="utf-8")
    return {
        part: {name: {language: _split(words) for language, words in by.items()} for name, by in named.items()}
        for part, named in tomllib.loads(text).items()
    }


def _split(words: str) -> tuple[str, ...]:
    return tuple(" ".join(word.split()) for word in words.split("|") if word.strip())


@cache
def vocabulary() -> dict[Sense, tuple[str, ...]]:
    """The words of each sense in all languages; what several of them share stands there once."""
    return {
        f"{part}.{name}": tuple(dict.fromkeys(chain.from_iterable(by.values())))
        for part, named in table().items()
        for name, by in named.items()
    }


@cache
def _root() -> Branch:
    root = Branch()
    for sense, words in vocabulary().items():
        for word in words:
            for phrase in spellings(word):
                _add(root, phrase, word, sense)
    return root


def spellings(word: str) -> Iterator[tuple[str, ...]]:
    """A phrase in its units, and written as one word."""
    parts = tuple(unit.text for unit in units(word) if not unit.mark)
    yield parts
    if len(parts) > 1 and not any(map(is_spaceless, parts)):
        yield ("".join(parts),)


def _add(root: Branch, phrase: tuple[str, ...], word: str, sense: Sense) -> None:
    at = root
    for place, unit in enumerate(phrase):
        last = word.endswith("*") and place == len(phrase) - 1
        at = (at.stems if last else at.words).setdefault(unit, Branch())
    senses = at.alone if word.startswith("=") else at.senses
    if sense not in senses:
        senses.append(sense)


def find(read: list[Unit]) -> list[Found]:
    """All phrases that stand in a text, also those within others; but nothing within an idiom."""
    found: list[Found] = []
    for start in range(len(read)):
        front = [_root()]
        for end in range(start, len(read)):
            front = [branch for each in front for branch in each.after(read[end].text)]
            if not front:
                break
            found += [Found(start, end + 1, sense) for branch in front for sense in branch.senses]
            alone = (sense for branch in front for sense in branch.alone if _stands_alone(read, start, end + 1))
            found += [Found(start, end + 1, sense) for sense in alone]
    idioms = [each for each in found if each.sense == _IDIOM]
    return _without(found, idioms) if idioms else found


def _stands_alone(read: list[Unit], start: int, end: int) -> bool:
    return all(unit.text == BREAK for unit in (*read[max(start - 1, 0) : start], *read[end : end + 1]))


def outermost(found: Sequence[Found]) -> list[Found]:
    """Those of the phrases that do not stand within longer ones."""
    return _without(found, found)


def _without(found: Sequence[Found], longer: Sequence[Found]) -> list[Found]:
    longest: dict[int, int] = {}
    for each in longer:
        for place in range(each.start, each.end):
            longest[place] = max(longest.get(place, 0), each.end - each.start)
    return [
        each
        for each in found
        if any(longest.get(place, 0) <= each.end - each.start for place in range(each.start, each.end))
    ]
