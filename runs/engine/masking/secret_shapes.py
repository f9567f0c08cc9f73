"""The shapes in which a secret travels: as it is, and as HTML, addresses, JSON and base64 write it. Pure."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from urllib.parse import quote, quote_plus

# What pages write for double and for single quotes: browsers, Python, Go and its like, PHP, XML.
QUOTES: tuple[tuple[str, str], ...] = (
    ('"', "'"),
    ("&quot;", "'"),
    ("&quot;", "&#x27;"),
    ("&#34;", "&#39;"),
    ("&quot;", "&#39;"),
    ("&quot;", "&#039;"),
    ("&quot;", "&apos;"),
)
_ESCAPE = re.compile(r"\\u[0-9a-f]{4}")
_HEX = re.compile(r"%[0-9A-F]{2}")
# Parts of base64 that depend on nothing but the secret tell it from chance only where they are long enough.
SHORTEST_PART = 6


def shapes(secret: str) -> frozenset[str]:
    """Every text that a secret is known by, those of text in text included."""
    once = {secret, *(shape for way in WAYS for shape in way(secret)), *based(secret)}
    return frozenset(shape for text in once for shape in (text, *_within(text)))


def pair(username: str, password: str) -> str:
    """What a browser answers to a challenge of HTTP basic."""
    return b64encode(f"{username}:{password}".encode()).decode()


def _within(text: str) -> Iterator[str]:
    """JSON in JSON, in an attribute or in an address, and an address in a page."""
    for way in WAYS:
        yield from way(text)


def escaped(text: str) -> Iterator[str]:
    plain = text.replace("&", "&amp;")
    yield plain.replace('"', "&quot;")  # an attribute, as browsers write it down
    angled = html.escape(text, quote=False)
    for double, single in QUOTES:
        yield angled.replace('"', double).replace("'", single)


def addressed(text: str) -> Iterator[str]:
    raw = text.encode("utf-8", "replace")
    # encodeURIComponent leaves !'()* as they are; forms of a browser leave the star, and write the tilde as %7E.
    form = quote_plus(raw, "*")
    ways = (quote(raw), quote(raw, safe=""), quote_plus(raw), quote(raw, safe="!'()*"), form, form.replace("~", "%7E"))
    for said in ways:
        yield said
        yield _HEX.sub(lambda found: found[0].lower(), said)


def as_json(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        said = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield said
        yield said.replace("/", "\\/")
        for marks, form in product(("<>&", "<>&'", "<>&'/"), ("04x", "04X")):
            safe = "".join(f"\\u{ord(char):{form}}" if char in marks else char for char in said)
            yield safe
            yield _ESCAPE.sub(lambda found: "\\u" + found[0][2:].upper(), safe)


def based(text: str) -> Iterator[str]:
    """The text as base64, and what of it stays the same wherever the text stands in a longer one."""
    raw = text.encode("utf-8", "replace")
    for encode in (b64encode, urlsafe_b64encode):
        whole = encode(raw).decode()
        yield whole
        yield whole.rstrip("=")
        if len(raw) < SHORTEST_PART:
            continue
        # Base64 turns three bytes into four letters, so what stands in a longer text is written in three ways.
        for before in range(3):
            begin, end = -(-8 * before // 6), 8 * (before + len(raw)) // 6
            yield encode(b"\0" * before + raw).decode()[begin:end]


Way = Callable[[str], Iterable[str]]
WAYS: tuple[Way, ...] = (escaped, addressed, as_json)
