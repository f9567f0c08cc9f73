"""Errors and addresses with what varies from run to run taken out."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
URL = re.compile(r"https?://[^\s\"'“”<>)\]]+")
# An apostrophe within a word quotes nothing. Curly quotes leave out their opening mark, for a text of nothing but
# openings would take its square.
QUOTED = re.compile(r"\"[^\"]*\"|“[^“”]*”|`[^`]*`|(?<![\w])'[^']*'(?![\w])")
VARIES = re.compile(
    r"""\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b   # UUIDs
    | \b\d{4}-\d{2}-\d{2}(?:[T\s]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?   # dates and times
    | \b\d{1,2}:\d{2}(?::\d{2})?\b
    | \b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b | \b[^\W\d]*(?:\d{1,2}[^\W\d]+)*\d{3,}\w*
    | \d+(?:[.,]\d+)*""",
    re.VERBOSE | re.IGNORECASE,
)
# Longer segments are ids without a look: `ID` takes the square of their length.
LONGEST = 80
ID = re.compile(
    r"""\d+ | (?=[0-9a-f-]*\d)[0-9a-f-]{8,} | .*\d{3,}.* | .*@.* | .*\{\{.* | (?=.*\d)(?=.*[A-Z])[\w-]{8,}""",
    re.VERBOSE | re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def path_template(url: str) -> str:
    """The path of an address; parts that look like ids are `:id`."""
    parts = urlsplit(url)
    segments = (parts.path or "/").split("/")
    return "/".join(":id" if len(part) > LONGEST or ID.fullmatch(part) else part for part in segments)


def host(url: str) -> str:
    return urlsplit(url).netloc


@lru_cache(maxsize=4096)
def words(text: str) -> str:
    """A text without colours, numbers, ids, times and hosts, in one line of small letters."""
    plain = URL.sub(lambda found: path_template(found[0]), ANSI.sub("", text))
    return " ".join(VARIES.sub("#", plain).lower().split())


@lru_cache(maxsize=4096)
def shape(text: str) -> str:
    """The words of a text without what it quotes."""
    return words(QUOTED.sub("“”", ANSI.sub("", text)))
