"""Which addresses belong to the crawl: same site, wanted, a page, and safe to open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain, pairwise
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from runs.engine.crawl.canonical import DEFAULT_PORTS
from runs.engine.lexicon import Intent, Topic, alone, intents, is_at_an_end, is_called, length, topics, words
from runs.engine.patterns import found
from runs.engine.plan import CrawlOptions


def each(words: str) -> frozenset[str]:
    return frozenset(words.split())


FILES = each(
    """7z aac apk atom avi avif bin blob bmp bz2 css csv db deb dmg doc docx eot epub exe flac gif gz ico ics iso
    jar jpeg jpg js json jsonl kml log m4a m4v map md5 mid mjs mkv mov mp3 mp4 mpeg mpg msi ndjson odp ods odt
    ogg ogv otf parquet pdf pkg png ppt pptx ps rar rdf rpm rss rtf sig sql sqlite svg swf tar tgz tif tiff
    toml torrent tsv ttf txt vcf wasm wav webm webmanifest webp wmv woff woff2 xls xlsx xml xz yaml yml zip
    zst"""
)
FORMAT_KEYS = frozenset({"format", "_format", "export", "output", "download", "_stream", "_dl"})
FORMATS = FILES | {"1", "true", "yes", "on", "excel", "file"}

LOOKS_FOR = frozenset({"tag", "tags", "category", "lang", "locale"})

IDENTIFIES = re.compile(r"\d")
NUMBER = re.compile(r"\d+")


def same_site(url: str, base_url: str) -> bool:
    """Whether two addresses have the same host, `www.` aside, and the same port (80 and 443 count as one)."""
    return _site(urlsplit(url)) == _site(urlsplit(base_url))


def _site(parts: SplitResult) -> tuple[str, int]:
    port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    return (parts.hostname or "").removeprefix("www."), 443 if port == 80 else port


def is_file(url: str) -> bool:
    """Whether an address leads to something that is not a page: a static file, an export, a feed."""
    parts = urlsplit(url)
    last = unquote(parts.path).rsplit("/", 1)[-1].lower()
    if "." in last and last.rsplit(".", 1)[1] in FILES:
        return True
    return any(name in FORMAT_KEYS and value.lower() in FORMATS for name, value in parse_qsl(parts.query))


def is_destructive(url: str, text: str = "") -> bool:
    """Whether merely opening an address could end the session, delete or pay.

    Words of leaving (log out, unsubscribe) always count. A verb such as "delete" counts where it stands alone
    (`/account/delete`, `?action=delete`) or where the address also says of what (`/delete-item/7`); but
    `/shop/delete_review`, which names no review, is a page with a form. What is searched for (`?q=cancel`) and what
    help tells of (`/help/cancel`) destroys nothing.
    """
    parts = urlsplit(url)
    path = [_said(unquote(segment)) for segment in f"{parts.path}/{parts.fragment}".split("/") if segment.strip("!")]
    query = [(_said(key), _said(value)) for key, value in parse_qsl(parts.query, keep_blank_values=True)]
    if any(_leaves(said) for said in chain(path, *query)) or _leaves_or_destroys(_said(text)):
        return True
    if any(_destroys(key) or (_destroys(value) and not _asks(key)) for key, value in query):
        return True
    harmless = not parts.query and not any(
        IDENTIFIES.search(segment) or "-" in segment for segment in _but_last(unquote(parts.path))
    )
    if (
        len(path) > 1
        and is_called(path[-2], Topic.HELP)
        and not parts.query
        and not IDENTIFIES.search(unquote(parts.path))
    ):
        path.pop()
    # Of a word that is another one in another language ("wissen"), only a number before it says that it is an act.
    if any(not before and alone(said, Intent.DELETE) for before, said in pairwise(path)):
        return True
    return any(_destroys(said, alone=not harmless or place < len(path)) for place, said in enumerate(path, 1))


def _but_last(path: str) -> list[str]:
    # The last segment counts by its figures alone: `delete-item` has the hyphen of a slug, and names no item.
    return path.rstrip("/").split("/")[:-1] + [
        digit for digit in path.rstrip("/").rsplit("/", 1)[-1] if digit.isdigit()
    ]


def _said(text: str) -> str:
    """`deleteAccount7`, `delete-account` and `Delete account` as "delete account"; a number alone as ""."""
    return " ".join(words(NUMBER.sub(" ", text)))


def _is_short(said: str) -> bool:
    return 0 < length(said) <= 3


def _leaves(said: str) -> bool:
    return _is_short(said) and (Intent.SIGN_OUT in intents(said) or Topic.LEAVES in topics(said))


def _destroys(said: str, *, alone: bool = False) -> bool:
    """Whether a part of an address says it: of something of its reader's, unless the verb `alone` is enough."""
    if not _is_short(said) or not is_at_an_end(said, Topic.DESTROYS):
        return False
    return alone or is_called(said, Topic.DESTROYS) or Topic.OWN in topics(said)


def _asks(key: str) -> bool:
    """Whether a part of a query says what to look for, and nothing to do."""
    return key in LOOKS_FOR or is_called(key, Topic.QUERY)


def _leaves_or_destroys(said: str) -> bool:
    return _leaves(said) or is_called(said, Topic.DESTROYS)


@dataclass(frozen=True, slots=True)
class Scope:
    """Decides about one link; patterns are searched for in path and query, those of `deny` in what it says."""

    base_url: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    allow_destructive: bool = False

    @classmethod
    def for_crawl(cls, base_url: str, options: CrawlOptions) -> Scope:
        return cls(base_url, options.include, options.exclude, options.deny_actions, options.allow_destructive)

    def admits(self, url: str, text: str = "", *, guarded: bool = False) -> bool:
        """Whether the crawl may follow a link to this absolute address.

        `text` is what the link says; `guarded` that the page itself asks the person to confirm first.
        """
        if not same_site(url, self.base_url) or is_file(url) or not self._wanted(url):
            return False
        if any(found(pattern, text) for pattern in self.deny):
            return False
        return self.allow_destructive or not (guarded or is_destructive(url, text))

    def _wanted(self, url: str) -> bool:
        parts = urlsplit(url)
        where = (
            parts.path + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
        )
        if self.include and not any(found(pattern, where) for pattern in self.include):
            return False
        return not any(found(pattern, where) for pattern in self.exclude)
