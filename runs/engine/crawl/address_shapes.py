"""The shape of an address: what is left when the parts that vary from page to page are taken out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

VARIES = re.compile(
    r"""\d+ | [0-9a-f]{8,} | \d{4}-\d{2}(-\d{2})?                                 # numbers, hashes, dates
    | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}              # UUIDs
    | [A-Za-z]{0,4}[-_]?\d{3,} | (?=.*\d)(?=.*[A-Z])[A-Za-z0-9_-]{8,} | [^/]*@.*   # INV-0042, Xy3kPq9Z, names of people
    | .*[-_]\d+ | \d+[-_].* | (?=.*\d)[a-z0-9]{12,}""",
    re.VERBOSE,
)
SLUG_WORDS = 4
LONGEST = 80  # nothing that is longer is the name of a page
SIBLINGS = 5
# Menus list pages of the root, which have little in common: five of them are no sign of one template.
ROOT_SIBLINGS = 20
FEW = 20
CHOOSES_VIEW = re.compile(
    r"(tab|view|page|action|mode|section|module|option|route|panel|step|do|task|p|screen)", re.IGNORECASE
)
WORD = re.compile(r"[A-Za-z][A-Za-z_/-]*")
MANY_KEYS = 3


@dataclass(slots=True)
class AddressFamily:
    """Addresses under one parent that one page lists in one place; `star` stands for their last segment."""

    star: str
    size: int = 0


class Shapes:
    """Remembers which addresses turned out to be siblings, and names the shape of any address with it.

    Besides parts that vary by their look (numbers, UUIDs, dates, long slugs), the last segment varies when one page
    lists at least five addresses under one parent in the same place of its document.
    """

    def __init__(self) -> None:
        self._families: dict[tuple[str, str], AddressFamily] = {}
        self._learnt: dict[str, AddressFamily] = {}

    def learn(self, links: Iterable[tuple[str, str]]) -> None:
        """`links`: address and place of the links of one page.

        A place is `NUMBER|CHAIN`: the number of the list on its page, and the tags from the list to the link.
        """
        listed: dict[tuple[str, str], set[str]] = defaultdict(set)
        for url, place in links:
            path = urlsplit(url).path.rstrip("/")
            parent, _, last = path.rpartition("/")
            if last:
                listed[parent, place].add(path)
        for (parent, place), paths in listed.items():
            if len(paths) >= (SIBLINGS if parent else ROOT_SIBLINGS):
                self._remember(parent, place.partition("|")[2], paths)

    def _remember(self, parent: str, chain: str, paths: Iterable[str]) -> None:
        # Two lists under one parent may lead to different templates, so the second has another star.
        ordinal = sum(1 for known, _ in self._families if known == parent)
        family = self._families.setdefault((parent, chain), AddressFamily("*" * (ordinal + 1)))
        for path in paths:
            if path not in self._learnt:
                self._learnt[path] = family
                family.size += 1

    def group(self, url: str) -> str:
        """The shape, e.g. `/catalogue/*/reviews?page`; equal for pages that are probably of one template.

        Inside a path a learnt segment keeps its name while its family is small: the rows of `/shop/books/*` and of
        `/shop/orders/*` may differ, those of a thousand users do not.
        """
        return self._shape(url, few=FEW)

    def kind(self, url: str) -> str:
        """The coarser shape, in which every learnt segment varies."""
        return self._shape(url, few=0)

    def place(self, url: str) -> str:
        """The coarser shape without those parameters that do not choose what is shown."""
        parts = urlsplit(url)
        views = [pair for pair in parse_qsl(parts.query) if chooses_view(*pair)]
        return self.kind(urlunsplit(parts._replace(query=urlencode(views))))

    def plain(self, url: str) -> str:
        """The shape by looks alone, as if nothing had been learnt."""
        return self._shape(url, few=None)

    def _shape(self, url: str, few: int | None) -> str:
        parts = urlsplit(url)
        shape = self._path(parts.path, few) + self._query(parts.query)
        return shape + (f"#{self._path(parts.fragment, few)}" if parts.fragment else "")

    def _path(self, path: str, few: int | None) -> str:
        segments = path.rstrip("/").split("/")
        shape = [self._segment(segments, index, few) for index in range(len(segments))]
        return "/".join(shape) + ("/" if path.endswith("/") else "")

    def _segment(self, segments: list[str], index: int, few: int | None) -> str:
        if varies(unquote(segments[index])):
            return "*"
        family = self._learnt.get("/".join(segments[: index + 1]))
        if family is None or few is None:
            return segments[index]
        inside = index < len(segments) - 1
        return segments[index] if inside and family.size <= few else family.star

    def _query(self, query: str) -> str:
        pairs = parse_qsl(query, keep_blank_values=True)
        names = sorted({name for name, _ in pairs})
        if len(names) >= MANY_KEYS:
            return "?*"
        return "?" + "&".join(_parameter(name, dict(pairs)[name]) for name in names) if names else ""


def varies(segment: str) -> bool:
    """Whether a path segment looks like the name of one thing among many."""
    return len(segment) > LONGEST or bool(VARIES.fullmatch(segment)) or len(re.split(r"[-_+ ]", segment)) >= SLUG_WORDS


def _parameter(name: str, value: str) -> str:
    plain = re.sub(r"\d+", "#", name)
    return f"{plain}={value}" if chooses_view(name, value) else plain


def chooses_view(name: str, value: str) -> bool:
    """Whether a parameter says which page to show (`?page=about`), not which part or order of one (`?page=2`)."""
    return bool(CHOOSES_VIEW.fullmatch(name) and WORD.fullmatch(value))
