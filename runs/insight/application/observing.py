"""What one crawl saw, gathered from its pages: nothing is compared yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from runs.engine.page.volatile import normalised
from runs.engine.traffic import exchange
from runs.engine.traffic.addresses import blanked
from runs.insight.application.form import SeenForm, forms_of

GONE = frozenset({404, 410})
CLOSED = frozenset({401, 403})
MOST_ACTIONS = 40
MOST_SENTENCES = 5
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Visit:
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
    snapshot: Json | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a crawl could have seen: all there is within these bounds where it is `complete`."""

    complete: bool = False
    states: bool = False
    max_depth: int = 50


@dataclass(slots=True)
class SeenPage:
    url: str
    title: str
    signature: str
    kind: str
    action: str
    depth: int
    found_on: str | None
    heading: str
    roles: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Observed:
    """Signatures are the structures that pages were seen with; `edges` lead from one to the key of a page."""

    run: int
    scope: Scope
    pages: dict[str, SeenPage] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    lost: dict[str, str] = field(default_factory=dict)
    closed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    roles: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)
    forms: dict[str, dict[str, SeenForm]] = field(default_factory=lambda: defaultdict(dict))
    actions: dict[str, dict[tuple[str, str], None]] = field(default_factory=lambda: defaultdict(dict))
    calls: dict[str, list[exchange.Entry]] = field(default_factory=lambda: defaultdict(list))
    edges: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def observed(run: int, scope: Scope, visits: Iterable[Visit]) -> Observed:
    """Gathers the rows of one crawl, in the order of depth; 10,000 pages take some seconds."""
    seen = Observed(run, scope)
    for visit in visits:
        _note(seen, visit)
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


def _note(seen: Observed, visit: Visit) -> None:
    key = key_of(visit.key)
    seen.found.add(key)
    if visit.status == "done":
        _note_page(seen, key, visit)
    elif visit.http_status in GONE:
        seen.lost.setdefault(key, f"it answered {visit.http_status}")
    elif visit.http_status in CLOSED:
        seen.closed[key].add(visit.role)
    elif visit.skip_reason == "duplicate" and key_of(visit.url) != key:
        seen.lost.setdefault(key, f"it leads to {key_of(visit.url)} now")


def _note_page(seen: Observed, key: str, visit: Visit) -> None:
    seen.roles.add(visit.role)
    snapshot = visit.snapshot or {}
    if visit.same_as is None or visit.kind == "link":
        _note_place(seen, key, visit, snapshot)
    else:
        seen.aliases.setdefault(visit.template, _signature_of(seen, visit.same_as))
    if visit.found_on is not None and visit.action:
        target = key if visit.same_as is None else key_of(visit.same_as)
        seen.edges[_signature_of(seen, visit.found_on), target][visit.action] += 1
    if snapshot:
        _note_content(seen, visit, snapshot)


def _note_place(seen: Observed, key: str, visit: Visit, snapshot: Json) -> None:
    known = seen.pages.get(key)
    if known is not None:
        known.roles.add(visit.role)
        seen.aliases.setdefault(visit.template, known.signature)
        return
    heading = next((row["text"] for row in snapshot.get("headings", ()) if row["level"] == 1), "")
    seen.pages[key] = SeenPage(
        url=blanked(visit.url),
        title=visit.title,
        signature=visit.template,
        kind=visit.kind,
        action=visit.action,
        depth=visit.depth,
        found_on=None if visit.found_on is None else key_of(visit.found_on),
        heading=heading,
        roles={visit.role},
    )


def _note_content(seen: Observed, visit: Visit, snapshot: Json) -> None:
    signature = visit.template
    for form in forms_of(snapshot):
        known = seen.forms[signature].get(form.identity)
        seen.forms[signature][form.identity] = form if known is None else known.joined(form)
    actions = seen.actions[signature]
    for action in snapshot.get("actions", ()):
        if action.get("href"):
            _note_link(seen, visit, action)
        elif action["name"] and len(actions) < MOST_ACTIONS:
            actions[action["role"], normalised(action["name"])[:200]] = None
    seen.calls[signature] += [call for call in snapshot.get("requests", ()) if "template" in call]


def _note_link(seen: Observed, visit: Visit, action: Json) -> None:
    address = urljoin(visit.url, action["href"])
    plain, fragment = urldefrag(address)
    if urlsplit(plain).netloc == urlsplit(visit.url).netloc:
        target = key_of(address if fragment.startswith(("/", "!/")) else plain)
        seen.edges[visit.template, target][f"link “{normalised(action['name'])[:80]}”"] += 1


def _signature_of(seen: Observed, found_on: str) -> str:
    page = seen.pages.get(key_of(found_on))
    return page.signature if page else ""
