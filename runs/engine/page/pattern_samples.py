"""A text that a form field's `pattern` accepts, for the simple patterns that pages use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from runs.engine.patterns import Unsupported, fits

_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])+\]|\{\d+(?:,\d*)?\}|.", re.DOTALL)
_CLASSES = {"\\d": "0123456789", "\\w": "abcdefghijk", "\\s": " ", ".": "abcdefghijk"}
_TRIED = 40


def accepts(pattern: str, value: str) -> bool | None:
    """Whether the whole value fits the pattern; None when the pattern is too odd to be tried."""
    if len(pattern) > 120 or len(value) > 200:
        return None
    try:
        return fits(pattern, value)
    except Unsupported:
        return None


def sample(pattern: str, random: Random) -> str | None:
    """A value that fits, or None when none was found."""
    if accepts(pattern, "") is None:
        return None
    # `_pieces` understands simple patterns only, so whether a draw fits is asked of the pattern itself.
    for _ in range(_TRIED):
        value = "".join(_pieces(pattern, random))
        if value and accepts(pattern, value):
            return value
    return None


def _pieces(pattern: str, random: Random) -> Iterator[str]:
    tokens = _TOKEN.findall(_one_branch(pattern.strip("^$"), random))
    for index, piece in enumerate(tokens):
        if piece[0] in "{?*+" and index:
            continue
        if piece in "()^$":
            continue
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        for _ in range(_count(following, random)):
            yield random.choice(_alphabet(piece))


def _one_branch(pattern: str, random: Random) -> str:
    """Each group of alternatives reduced to one of them, innermost first."""
    group = re.compile(r"(?<!\\)\(([^()]*)\)")
    while match := group.search(pattern):
        pattern = pattern[: match.start()] + random.choice(match[1].split("|")) + pattern[match.end() :]
    return pattern if "[" in pattern else random.choice(pattern.split("|"))


def _count(quantifier: str, random: Random) -> int:
    if quantifier.startswith("{"):
        low, _, high = quantifier[1:-1].partition(",")
        return random.randint(int(low), min(int(high), int(low) + 4)) if high else max(int(low), 1)
    return {"?": random.randint(0, 1), "*": random.randint(0, 3), "+": random.randint(1, 4)}.get(quantifier, 1)


def _alphabet(piece: str) -> str:
    return _bracket(piece[1:-1]) if piece.startswith("[") else _CLASSES.get(piece, piece[-1])


def _bracket(inside: str) -> str:
    if inside.startswith("^"):
        return "".join(char for char in "abcdef0123456789" if char not in inside) or "a"
    letters: list[str] = []
    parts = re.findall(r"\\.|.-(?:\\.|[^\]])|.", inside)
    for part in parts:
        if len(part) == 3 and part[1] == "-":
            letters += [chr(code) for code in range(ord(part[0]), min(ord(part[2]), ord(part[0]) + 60) + 1)]
        else:
            letters += _CLASSES.get(part, part[-1])
    return "".join(letters) or "a"
