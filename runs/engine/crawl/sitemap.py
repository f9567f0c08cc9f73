"""Sitemaps: XML, XML index, plain text, gzipped or not. Pure."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from html import unescape

MAX_BYTES = 10 * 1024 * 1024
LOC = re.compile(
    r"<(?:\w+:)?loc\s*>\s*(?:<!\[CDATA\[)?\s*(.*?)\s*(?:\]\]>)?\s*</(?:\w+:)?loc\s*>", re.DOTALL | re.IGNORECASE
)
INDEX = re.compile(r"<(?:\w+:)?sitemapindex[\s>]", re.IGNORECASE)
ENTRY_IMAGE = re.compile(r"<(image|video):\w+.*?</\1:\w+>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sitemap:
    """`pages` or, when it is an index, `sitemaps`; both as written, at most `limit` of them."""

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()


def parse_sitemap(body: bytes, limit: int = 200) -> Sitemap:
    """What a sitemap's body lists. A body that is no sitemap lists nothing.

    Read with expressions, not an XML parser: sitemaps come from strangers, so entities and DTDs stay unread.
    """
    text = _plain(body).decode("utf-8", errors="replace")
    if "<" not in text[:2000]:
        return Sitemap(pages=tuple(line.strip() for line in text.splitlines() if line.startswith("http"))[:limit])
    addresses = tuple(unescape(match) for match in LOC.findall(ENTRY_IMAGE.sub("", text)))[:limit]
    return Sitemap(sitemaps=addresses) if INDEX.search(text) else Sitemap(pages=addresses)


def _plain(body: bytes) -> bytes:
    if body[:2] != b"\x1f\x8b":
        return body[:MAX_BYTES]
    try:
        return zlib.decompressobj(wbits=31).decompress(body, MAX_BYTES)
    except zlib.error:
        return b""
