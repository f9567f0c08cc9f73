"""What one crawl saw, gathered from its pages: nothing is compared yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from runs import states
from runs.engine.page.ours import OURS
from runs.engine.page.volatile import normalised
from runs.engine.traffic import exchange
from runs.engine.traffic.addresses import blanked
from runs.insight.application.form import SeenForm, forms_of

GONE = frozenset({404, 410})
CLOSED = frozenset({401, 403})
THEN = " → "
MOST_ACTIONS = 40
MOST_ALIKE = 100
MOST_SENTENCES = 5
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VisitedPage:
    """One row of a crawl's frontier; `found_on` and `same_as` are keys of other rows, `snapshot` that of a page."""

    key: str
    url: str
    status: str
    template: str = ""
    title: str = ""
    http_status: int | None = None
    skip_reason: str = ""
    role: str = ""
    kind: str = "link"
    action: str = ""
    depth: int = 0
    found_on: str | None = None
    same_as: str | None = None
    by_search: bool = False
    snapshot: Json | None = None

    @property
    def structure(self) -> str:
        """What the page itself showed; `template` is the name of all that the crawl held to be alike."""
        return str((self.snapshot or {}).get("template") or self.template)

    @property
    def partial(self) -> bool:
        """Whether the page still waited for answers when it was looked at."""
        return (self.snapshot or {}).get("settled") is False


@dataclass(frozen=True, slots=True)
class CrawledScope:
    """What a crawl could have seen: all there is within these bounds where it is `complete`.

    `restless`: most pages never have all their answers, so that no look at them is taken for a part of one.
    """

    complete: bool = False
    restless: bool = False
    states: bool = False
    max_depth: int = 50


@dataclass(slots=True)
class SeenPage:
    """`signature` is the page's own structure; `by_search` that only a search of the crawl's own leads to it; `own`
    that it is a record that a crawl or a test of ours has made."""

    url: str
    title: str
    signature: str
    kind: str
    action: str
    depth: int
    found_on: str | None
    heading: str
    by_search: bool = False
    own: bool = False
    roles: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ObservedCall:
    """An entry of a snapshot's requests, and the page that it was heard on."""

    page: str
    entry: exchange.Entry


@dataclass(slots=True)
class Observed:
    """Signatures are the structures that pages were seen with; `edges` lead from one to the key of a page.

    `clusters` names of each structure those that the crawl held to be alike. Which pages it compared first decides
    that, so it only counts for structures that nothing is known of. `before` are names of pages that an earlier crawl
    found and may not have opened: they are not new because this one did. `tried` are the actions of its frontier.
    """

    run: int
    scope: CrawledScope
    pages: dict[str, SeenPage] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    lost: dict[str, str] = field(default_factory=dict)
    closed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    roles: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)
    clusters: dict[str, str] = field(default_factory=dict)
    before: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    forms: dict[str, dict[str, dict[str, SeenForm]]] = field(default_factory=lambda: defaultdict(dict))
    actions: dict[str, dict[tuple[str, str], None]] = field(default_factory=lambda: defaultdict(dict))
    calls: dict[str, list[ObservedCall]] = field(default_factory=lambda: defaultdict(list))
    names: dict[str, str] = field(default_factory=dict)
    looked: Counter[str] = field(default_factory=Counter)
    ways: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    edges: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def name_of(self, key: str) -> str:
        """What a row of the crawl is called in the model."""
        return self.names.get(key) or key_of(key)


def observed(run: int, scope: CrawledScope, visits: Iterable[VisitedPage]) -> Observed:
    """Gathers the rows of one crawl, in the order of depth; 10,000 pages take some seconds.

    After a hundred pages of one structure only their links are still looked at.
    """
    seen = Observed(run, scope)
    for visit in visits:
        _note(seen, visit)
    # A page that one row has lost and another row has visited is there.
    for key in seen.pages:
        seen.lost.pop(key, None)
    return seen


def key_of(address: str) -> str:
    """The name of a page within its application: its address without the host, which differs by environment."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https"):
        return address
    plain = blanked(address)
    return plain[len(f"{parts.scheme}://{urlsplit(plain).netloc}") :] or "/"


def _note(seen: Observed, visit: VisitedPage) -> None:
    key = seen.names[visit.key] = _named(seen, visit)
    seen.found.add(key)
    if visit.kind != "link":
        seen.tried.add(normalised(visit.action))
    if visit.status == states.DONE and visit.partial and not seen.scope.restless:
        seen.roles.add(visit.role)  # it is there; what it lacks, or shows instead, says nothing
    elif visit.status == states.DONE:
        _note_page(seen, key, visit)
    elif visit.http_status in GONE:
        seen.lost.setdefault(key, f"it answered {visit.http_status}")
    elif visit.http_status in CLOSED:
        seen.closed[key].add(visit.role)
    elif visit.skip_reason == "duplicate" and key_of(visit.url) != key:
        seen.lost.setdefault(key, f"it leads to {key_of(visit.url)} now")


def _named(seen: Observed, visit: VisitedPage) -> str:
    """A state is named by what led to it: the keys of its rows say what was typed, which differs by crawl."""
    if visit.kind == "link" or visit.found_on is None or not visit.action:
        return key_of(visit.key)
    return f"{seen.name_of(visit.found_on)}{THEN}{normalised(visit.action)}"


def _note_page(seen: Observed, key: str, visit: VisitedPage) -> None:
    seen.roles.add(visit.role)
    snapshot = visit.snapshot or {}
    if visit.same_as is None or visit.kind == "link":
        _note_place(seen, key, visit, snapshot)
    else:
        seen.aliases.setdefault(visit.structure, _signature_of(seen, visit.same_as))
    seen.clusters.setdefault(visit.structure, visit.template)
    if visit.found_on is not None and visit.action:
        target = key if visit.same_as is None else seen.name_of(visit.same_as)
        seen.edges[_signature_of(seen, visit.found_on), target][visit.action] += 1
    if snapshot:
        _note_content(seen, visit, key if visit.same_as is None else seen.name_of(visit.same_as), snapshot)


def _note_place(seen: Observed, key: str, visit: VisitedPage, snapshot: Json) -> None:
    known = seen.pages.get(key)
    if known is not None:
        known.roles.add(visit.role)
        known.by_search = known.by_search and visit.by_search
        seen.aliases.setdefault(visit.structure, known.signature)
        return
    heading = next((row["text"] for row in snapshot.get("headings", ()) if row["level"] == 1), "")
    seen.pages[key] = SeenPage(
        url=blanked(visit.url),
        title=visit.title,
        signature=visit.structure,
        kind=visit.kind,
        action=visit.action,
        depth=visit.depth,
        found_on=None if visit.found_on is None else seen.name_of(visit.found_on),
        heading=heading,
        by_search=visit.by_search,
        own=any(OURS.search(text) for text in (unquote(visit.url), visit.title, heading)),
        roles={visit.role},
    )


def _note_content(seen: Observed, visit: VisitedPage, where: str, snapshot: Json) -> None:
    signature = visit.structure
    _note_links(seen, visit, snapshot)
    seen.looked[signature] += 1
    if seen.looked[signature] > MOST_ALIKE:
        return
    for form in forms_of(snapshot):
        on = seen.forms[signature].setdefault(form.identity, {})
        on[where] = on[where].joined(form) if where in on else form
    actions = seen.actions[signature]
    for action in snapshot.get("actions", ()):
        if action["name"] and not action.get("href") and len(actions) < MOST_ACTIONS:
            actions[action["role"], normalised(action["name"])[:200]] = None
    seen.calls[signature] += [ObservedCall(where, call) for call in snapshot.get("requests", ()) if "template" in call]


def _note_links(seen: Observed, visit: VisitedPage, snapshot: Json) -> None:
    host, ways = urlsplit(visit.url).netloc, seen.ways[visit.structure]
    for action in snapshot.get("actions", ()):
        href = action.get("href")
        if href and (href, action["name"]) not in ways:
            ways.add((href, action["name"]))
            to, key = _place(href if "://" in href else urljoin(visit.url, href))
            if to == host:
                seen.edges[visit.structure, key][f"link “{normalised(action['name'])[:80]}”"] += 1


@lru_cache(maxsize=16_384)
def _place(address: str) -> tuple[str, str]:
    """Host and key of the page that a link leads to; what is no client-side route is only a place on its page."""
    plain, fragment = urldefrag(address)
    return urlsplit(plain).netloc, key_of(address if fragment.startswith(("/", "!/")) else plain)


def _signature_of(seen: Observed, found_on: str) -> str:
    page = seen.pages.get(seen.name_of(found_on))
    return page.signature if page else ""
