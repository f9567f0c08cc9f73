"""The links of pages as rows of the frontier, with what their score goes by."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from runs.engine.crawl.address_shapes import Shapes, chooses_view
from runs.engine.crawl.canonical import canonical, resolve
from runs.engine.crawl.scope import Scope
from runs.engine.crawl.score import Features, History, priority
from runs.engine.events import Link

LATE_KEYS = re.compile(
    r"_?(page|p|pg|paged|offset|start|skip|cursor|after|before|next|prev|limit|size|per_?page|page_?size|rows|"
    r"sort(_?(by|desc|asc|dir(ection)?|order))?|order(_?by)?|ordering|dir(ection)?|facet(_.*)?|filter(s|_.*)?|"
    r"date|day|week|month|year|from|to|since|until|calendar|lang|locale|currency|theme|print|sql)",
    re.IGNORECASE,
)
LATE_PATH = re.compile(
    r"/(page|calendar|archive|tag|tags|feed|print|share|compare)/|/\d{4}/\d{1,2}(/|$)", re.IGNORECASE
)

MENUS = ("navigation", "menu", "contentinfo")


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link as a page showed it.

    `place` is equal for the entries of one list, `landmark` is a role or empty; a `guarded` link asks the person to
    confirm, or sends something else than GET. `by_search`: it is a search of the crawl's own.
    """

    href: str
    text: str = ""
    landmark: str = ""
    place: str = ""
    hidden: bool = False
    guarded: bool = False
    by_search: bool = False


class Frontier:
    """Turns the links of one page after another into rows of the frontier, with a priority each.

    How many of its shape came before an address is settled when it is first met, wherever it is met again.
    """

    def __init__(self, scope: Scope, history: History) -> None:
        self._scope = scope
        self._history = history
        self._shapes = Shapes()
        self._features: dict[str, Features] = {}
        self._known: Counter[str] = Counter()
        self._shapes_of: dict[str, set[str]] = defaultdict(set)
        self._late: Counter[str] = Counter()
        self._places: dict[str, str] = {}

    def links(self, page_url: str, found: Iterable[FoundLink], depth: int) -> tuple[Link, ...]:
        """The links to follow from a page; `depth` is that of the links. One per canonical address, best first."""
        absolute = [(link, resolve(link.href, page_url)) for link in found]
        wanted = [(link, url) for link, url in absolute if url and self._admits(link, url)]
        keyed = [(link, url, canonical(url)) for link, url in wanted]
        # A menu lists unlike pages in one place, and would be taken for a list of siblings.
        self._shapes.learn((key, link.place) for link, _, key in keyed if link.landmark not in MENUS)
        own = canonical(page_url)
        best: dict[str, Link] = {}
        for link, url, key in keyed:
            features = self._features_of(link, key, depth)
            rank = priority(features, self._history)
            if key != own and (key not in best or rank < best[key].priority):
                best[key] = Link(
                    url=url,
                    key=key,
                    group=self._shapes.group(key),
                    priority=rank,
                    first=priority(features.as_first(), self._history),
                    depth=depth,
                    text=link.text[:120],
                    asked=link.by_search,
                )
        return tuple(sorted(best.values(), key=lambda row: row.priority))

    def shape(self, key: str) -> str:
        """The shape of a canonical address, as far as it is known by now."""
        return self._shapes.group(key)

    def place(self, key: str) -> str:
        """Which route of the site an address is, by what was known when it was first asked for, so that it stays."""
        return self._places.setdefault(key, self._shapes.place(key))

    def _admits(self, link: FoundLink, url: str) -> bool:
        return self._scope.admits(url, link.text, guarded=link.guarded)

    def _features_of(self, link: FoundLink, key: str, depth: int) -> Features:
        if key not in self._features:
            self._features[key] = self._first_met(link, key)
            self._history.offer(key, self._features[key])
        return replace(self._features[key], depth=depth, landmark=link.landmark, hidden=link.hidden)

    def _first_met(self, link: FoundLink, key: str) -> Features:
        # Alike by looks is a cluster, alike by what was learnt only a family, for learning may err (decision 52).
        shape, kind = self._shapes.plain(key), self._shapes.kind(key)
        known, cousins = self._known[shape], self._shapes_of[kind] - {shape}
        self._known[shape] += 1
        self._shapes_of[kind].add(shape)
        way: Literal["search", "link"] = "search" if link.by_search else "link"
        if not is_late(key):
            return Features(way, shape, ("of", kind), known, len(cousins))
        path = kind.partition("?")[0]
        self._late[path] += 1
        return Features(way, shape, ("again", path), known, self._late[path] - 1, again=True)


def is_late(url: str) -> bool:
    """Whether an address shows the same things again in another order, part or selection."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    again = any(LATE_KEYS.fullmatch(name) and not chooses_view(name, value) for name, value in pairs)
    return again or len(pairs) > 1 or bool(LATE_PATH.search(parts.path))


def listed_in_sitemap(addresses: Iterable[str]) -> list[FoundLink]:
    """Addresses of a sitemap as links; what it lists below one folder are siblings, what is at the top is not."""
    deep = re.compile(r"https?://[^/]+/+[^/]+/+[^/]")
    return [
        FoundLink(address, landmark="sitemap", place="0|sitemap" if deep.match(address) else f"{number}|top")
        for number, address in enumerate(addresses)
    ]


def found_in(rows: Sequence[dict[str, object]]) -> tuple[FoundLink, ...]:
    """The links of a snapshot's raw rows."""
    return tuple(
        FoundLink(
            href=str(row["href"]),
            text=str(row["text"]),
            landmark=str(row["landmark"]),
            place=str(row["place"]),
            hidden=bool(row["hidden"]),
            guarded=bool(row["guarded"]),
        )
        for row in rows
    )
