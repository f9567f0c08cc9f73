"""Sitemaps: XML, XML index, plain text, gzipped or not. Pure."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

from defusedxml import DefusedXmlException
from defusedxml.expatreader import create_parser

MAX_BYTES = 10 * 1024 * 1024
LONGEST = 2_048
DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Sitemap:
    """`pages` or, when it is an index, `sitemaps`; both as written, at most `limit` of them."""

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()


def parse_sitemap(body: bytes, limit: int = 200) -> Sitemap:
    """What a sitemap's body lists: of a body that breaks off or is wrong in the midst, what stands before.

    Entities that it declares stay unread, addresses longer than 2,048 characters as well.
    """
    plain = _plain(body).lstrip()
    if b"<" not in plain[:2000]:
        lines = plain.decode("utf-8", errors="replace").splitlines()
        listed = (line.strip() for line in lines if line.startswith("http") and len(line) <= LONGEST)
        return Sitemap(pages=tuple(islice(listed, limit)))
    entries = _Entries(limit)
    # Without namespaces, for many files use prefixes that they do not declare.
    parser = create_parser(forbid_entities=True)
    parser.setContentHandler(entries)
    try:
        # In one piece: this parser begins anew at each piece of a tag that does not end.
        parser.feed(plain)
        parser.close()
    except (SAXException, DefusedXmlException, LookupError, ValueError, _Enough):
        pass
    addresses = tuple(entries.found)
    return Sitemap(sitemaps=addresses) if entries.index else Sitemap(pages=addresses)


class _Enough(Exception):
    """No more of the file is read."""


@dataclass
class _Entries(ContentHandler):
    """Takes the text of `loc` in entries of a sitemap; pictures and films of a page have others, one level below."""

    limit: int
    index: bool = False
    found: list[str] = field(default_factory=list)
    _within: list[str] = field(default_factory=list)
    _said: list[str] | None = None
    _length: int = 0

    def startElement(self, name: str, _attributes: Any) -> None:  # noqa: N802 (the parser's name)
        local = name.rpartition(":")[2].lower()
        if len(self._within) >= DEEPEST:
            raise _Enough
        if not self._within:
            self.index = local == "sitemapindex"
        self._said = [] if local == "loc" and self._within[-1:] in (["url"], ["sitemap"]) else None
        self._length = 0
        self._within.append(local)

    def characters(self, content: str) -> None:
        if self._said is not None and self._length <= LONGEST:
            self._said.append(content)
            self._length += len(content)

    def endElement(self, _name: str) -> None:  # noqa: N802 (the parser's name)
        self._within.pop()
        address = "".join(self._said or ()).strip()
        self._said = None
        if address and len(address) <= LONGEST:
            self.found.append(address)
        if len(self.found) >= self.limit:
            raise _Enough


def _plain(body: bytes) -> bytes:
    """Unpacked as far as is read; what does not unpack is nothing."""
    if body[:2] != b"\x1f\x8b":
        return body[:MAX_BYTES]
    try:
        return zlib.decompressobj(wbits=31).decompress(body, MAX_BYTES)
    except zlib.error:
        return b""
