"""The word lists of words.toml, as tuples and as expressions that find them."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import Any

_WORDLESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_TABLES: dict[str, Any] = tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


def words(table: str) -> tuple[str, ...]:
    """One list of words."""
    return _listed(_TABLES[table])


def tables(group: str) -> dict[str, tuple[str, ...]]:
    """A group of lists, by what their words mean, in the order in which they are tried."""
    return {name: _listed(text) for name, text in _TABLES[group].items()}


def stems(listed: tuple[str, ...]) -> re.Pattern[str]:
    """Finds words that begin with one of these; a space is any gap; scripts without spaces match anywhere."""
    return re.compile("|".join(_stem(word, word in _WHOLE) for word in listed), re.IGNORECASE)


def whole(listed: tuple[str, ...]) -> re.Pattern[str]:
    """Finds one of these as whole words."""
    return re.compile("|".join(_stem(word, True) for word in listed), re.IGNORECASE)


def _stem(word: str, to_its_end: bool) -> str:
    expression = r"[\s_-]*".join(re.escape(part) for part in re.split(r"[\s-]+", word))
    if _WORDLESS.search(word):
        return expression
    return rf"(?<![^\W_]){expression}" + (r"(?![^\W_])" if to_its_end else "")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.split("|") if (word := " ".join(part.split())))


_WHOLE = frozenset(words("whole"))
