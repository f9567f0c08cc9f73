"""What to visit next: how early each link is worth a visit. Lower numbers come first."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from runs.engine.crawl.address_shapes import Shapes, chooses_view
from runs.engine.crawl.canonical import canonical, resolve
from runs.engine.crawl.scope import Scope
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

PER_KNOWN = 1000
LATE = 1500
PER_LATE = 500
PER_COUSIN = 100
PER_DEPTH = 20
HIDDEN = 3
PLACE = {"navigation": 0, "menu": 0, "banner": 1, "main": 5, "": 5, "complementary": 7, "contentinfo": 9, "sitemap": 9}
MENUS = ("navigation", "menu", "contentinfo")
KNOWN_CAP = 20


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

    Addresses of a shape not seen before come before the second of a shape, that before the third …; among equals
    shallow before deep and navigation before content. Paging, sorting, filtering and calendars wait behind the second
    of a shape.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._shapes = Shapes()
        self._rank: dict[str, int] = {}
        self._known: Counter[str] = Counter()
        self._shapes_of: dict[str, set[str]] = defaultdict(set)
        self._late: Counter[str] = Counter()
        self._places: dict[str, str] = {}

    def links(self, page_url: str, found: Iterable[FoundLink], depth: int) -> tuple[Link, ...]:
        """The links to follow from a page; `depth` is that of the links. One per canonical address, best first."""
        absolute = [(link, resolve(link.href, page_url)) for link in found]
        wanted = [(link, url) for link, url in absolute if url and self._admits(link, url)]
        keyed = [(link, url, canonical(url)) for link, url in wanted]
        self._shapes.learn((key, link.place) for link, _, key in keyed if link.landmark not in MENUS)
        own = canonical(page_url)
        best: dict[str, Link] = {}
        for link, url, key in keyed:
            priority = self._priority(link, key, depth)
            if key != own and (key not in best or priority < best[key].priority):
                group, text = self._shapes.group(key), link.text[:120]
                best[key] = Link(
                    url=url, key=key, group=group, priority=priority, depth=depth, text=text, asked=link.by_search
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

    def _priority(self, link: FoundLink, key: str, depth: int) -> int:
        if key not in self._rank:
            self._rank[key] = self._rank_of(key)
        place = PLACE.get(link.landmark, PLACE[""]) + (HIDDEN if link.hidden else 0)
        return self._rank[key] + depth * PER_DEPTH + place

    def _rank_of(self, key: str) -> int:
        shape, kind = self._shapes.plain(key), self._shapes.kind(key)
        known = min(self._known[shape], KNOWN_CAP)
        self._known[shape] += 1
        cousins = self._shapes_of[kind] - {shape}
        self._shapes_of[kind].add(shape)
        rank = known * PER_KNOWN + min(len(cousins), KNOWN_CAP) * PER_COUSIN
        if not is_late(key):
            return rank
        path = kind.partition("?")[0]
        late = min(self._late[path], KNOWN_CAP)
        self._late[path] += 1
        return rank + LATE + late * PER_LATE


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
