"""A text as units that words are looked for in: folded words, and single characters of scripts without spaces."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

BREAK = "."
JOINT = "&"
_LONGEST = 64  # nothing that is longer is a word
_SPACELESS = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff66-\uff9d"
_JAMO = r"\u1100-\u11ff"
_VOICING = r"\u3099\u309a\uff9e\uff9f"
_WITHIN = r"\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff"  # accents that stand alone, and what nobody sees
_LETTER = rf"[^\W_{_SPACELESS}{_JAMO}{_VOICING}]"
_UNIT = re.compile(
    rf"(?P<alone>[{_SPACELESS}][{_VOICING}]?|[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?)"
    rf"|(?P<word>{_LETTER}(?:{_LETTER}|[{_WITHIN}])*)"
    r"|(?P<joint>[&+])"
    r"|(?P<stop>[;:!?.…|/\\()\[\]{}<>«»“”„\"•·\u2192\u3002\uff1b\uff1a\uff01\uff1f\uff08\uff09])"
)
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200d\u2060\ufeff\u0307]")
# Between the words of an identifier: deleteItem, HTMLPage.
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SYLLABLE = re.compile(rf"[{_SPACELESS}]")


class Unit(NamedTuple):
    """`start` and `end` are places in the text."""

    text: str
    start: int
    end: int

    @property
    def mark(self) -> bool:
        """Whether it is no word but what stands between words."""
        return self.text in (BREAK, JOINT)


def units(text: str) -> list[Unit]:
    """In time that grows with the length of the text alone."""
    found: list[Unit] = []
    for match in _UNIT.finditer(text):
        start = match.start()
        if match["joint"] or match["stop"]:
            found.append(Unit(JOINT if match["joint"] else BREAK, start, match.end()))
            continue
        for part in _HUMP.split(match[0]) if len(match[0]) <= _LONGEST else [match[0]]:
            found.append(Unit(folded(part) if len(part) <= _LONGEST else "", start, start + len(part)))
            start += len(part)
    return found


@lru_cache(maxsize=8192)
def folded(word: str) -> str:
    """Equal for all spellings of a word: its case, its form of Unicode, the dot of a Turkish i, what nobody sees."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
    return unicodedata.normalize("NFC", _UNSEEN.sub("", plain).replace("\u0131", "i"))


def is_spaceless(unit: str) -> bool:
    return bool(_SYLLABLE.match(unit))
