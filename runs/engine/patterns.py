"""Regular expressions of people and of sites: the one place that compiles them.

They are matched by RE2, in time linear in the text whatever they say, and without the interpreter's lock. What RE2 has
no words for is refused in one sentence. As in a browser `\\w`, `\\d`, `\\b` know ASCII alone; `\\p{L}` is any letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any

import re2
from pydantic import AfterValidator, Field

MOST_CHARACTERS = 1_000
MOST_INSTRUCTIONS = 3_000
MOST_TEXT = 200_000
_MOST_BYTES = 1 << 20
# More than expressions of people get: a site's secrets may have more than a thousand shapes (decision 33).
_MOST_BYTES_OF_TEXTS = 256 << 20
_KEPT = 128
_OPTIONS = re2.Options()
# RE2 would write what it refuses to standard error, beside the log.
_OPTIONS.log_errors = False
_OPTIONS.max_mem = _MOST_BYTES
# Spaces beyond ASCII, which a browser counts as white space and RE2 does not.
_SPACES = dict.fromkeys(map(ord, "\v\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"), " ") | dict.fromkeys(
    range(0x2000, 0x200B), " "
)
_BOUNDARY_BESIDE = re.compile(r"\\[bB]([^\x00-\x7f])|([^\x00-\x7f])\\[bB]")
_LACKING = (
    (re.compile(r"\(\?<?[=!]"), "looking ahead or behind, as by (?=…), (?!…), (?<=…) or (?<!…), is not supported"),
    (re.compile(r"\\[1-9]|\(\?P="), "referring back to a group, as by \\1, is not supported"),
    (re.compile(r"\(\?[>(#]|\(\?[a-z]*[xLua]"), "groups that begin with (?>, (?(, (?# or (?x are not supported"),
    (re.compile(r"\\Z"), "\\Z is not supported; the end of the text is \\z or $"),
    (re.compile(r"\\[uN]"), "\\u is not supported; write the character itself, or \\x{…}"),
)


class Unsupported(ValueError):
    """An expression that is not used; the message says in one sentence what is not supported in it."""


def checked(pattern: str) -> str:
    """The same expression. Raises `Unsupported`."""
    _compiled(pattern)
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(checked)]


def found(pattern: str, text: str) -> bool:
    """Whether the expression fits anywhere in the text, of which the first 200,000 characters count.

    Raises `Unsupported`.
    """
    return _compiled(pattern).search(_read(text)) is not None


def fits(pattern: str, text: str) -> bool:
    """Whether the expression fits the whole text. Raises `Unsupported`."""
    return len(text) <= MOST_TEXT and _compiled(pattern).fullmatch(_read(text)) is not None


def of_words(text: str, *, whole: bool) -> re.Pattern[str]:
    """The words of a text with any white space between them, as an expression for the browser: in it nothing repeats
    but white space between two words, so it cannot run away."""
    words = r"\s+".join(re.escape(word) for word in text.split())
    return re.compile(rf"^\s*{words}\s*$" if whole else words)


def _read(text: str) -> bytes:
    """UTF-8, for that is what RE2 counts in; halves of surrogate pairs cannot be written in it."""
    return text[:MOST_TEXT].translate(_SPACES).encode("utf-8", "replace")


@lru_cache(maxsize=_KEPT)
def _compiled(pattern: str) -> re2._Regexp[bytes]:
    said = pattern if len(pattern) <= 80 else f"{pattern[:79]}…"
    if len(pattern) > MOST_CHARACTERS:
        raise Unsupported(f"'{said}' is too long: a regular expression has at most {MOST_CHARACTERS:,} characters")
    if beside := _BOUNDARY_BESIDE.search(pattern):
        letter = beside[1] or beside[2]
        raise Unsupported(
            f"'{said}' cannot be used: \\b knows only the letters a to z, so it cannot stand beside {letter}; "
            "without it the expression fits in the midst of words as well"
        )
    try:
        expression = re2.compile(pattern.encode(), _OPTIONS)
    except UnicodeEncodeError:
        raise Unsupported("a regular expression cannot hold half of a character (a lone surrogate)") from None
    except re2.error as error:
        raise Unsupported(_sentence(pattern, said, error)) from None
    if expression.programsize > MOST_INSTRUCTIONS:
        raise Unsupported(_too_large(said))
    return expression


def _sentence(pattern: str, said: str, error: Exception) -> str:
    message = error.args[0] if error.args else ""
    message = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
    if "too large" in message:
        return _too_large(said)
    if "repetition size" in message:
        number = message.partition(": ")[2]
        return f"'{said}' cannot be used: {number} repeats too often; 1,000 times is the most, counting what is within"
    if message.startswith(("invalid perl operator", "invalid escape", "invalid named capture", "bad repetition")):
        lacking = next((words for sign, words in _LACKING if sign.search(pattern)), "")
        if lacking:
            return f"'{said}' cannot be used: {lacking}"
    return f"'{said}' is not a regular expression: {message}"


def _too_large(said: str) -> str:
    return f"'{said}' is too large: what it repeats is too long, or repeated too often"


def any_of(texts: Iterable[bytes]) -> Any:
    """One search for all of these texts, as they are, in time linear in what is searched. Its `search` takes bytes."""
    options = re2.Options()
    options.max_mem = _MOST_BYTES_OF_TEXTS
    return re2.compile(b"|".join(re2.escape(text) for text in sorted(texts)), options)
