"""Endpoints: the calls of a crawl by method, path template and operation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from runs.engine.traffic import Schema, merge
from runs.engine.traffic.addresses import placeholder
from runs.insight.application import clauses
from runs.insight.application.observing import ObservedCall
from runs.insight.application.parts import KnownPart

SIBLINGS = 3
SERVER_ERROR = 500
ON = 60  # pages and addresses that a part is remembered with
ASKED_WITH_A_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE", "QUERY"})
Json = Mapping[str, Any]


@dataclass(slots=True)
class SeenEndpoint:
    """An endpoint as calls show it. `supersedes` are the known endpoints with plain paths that it takes the place of,
    `calls` what was heard of it, `pages` who called."""

    method: str
    path: str
    type: str
    operation: str | None
    operation_type: str | None
    request: Schema | None = None
    response: Schema | None = None
    statuses: list[int] = field(default_factory=list)
    templates: set[str] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)
    calls: list[ObservedCall] = field(default_factory=list)
    supersedes: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}" + (f" {self.operation}" if self.operation else "")

    def add(self, heard: ObservedCall, template: str) -> None:
        call = heard.entry
        self.templates.add(template)
        self.pages.add(heard.page)
        self.calls.append(heard)
        self.request = _widened(self.request, call["request"]["schema"])
        status = call["status"]
        if status is not None and status not in self.statuses:
            self.statuses.append(status)
        # Errors have a shape of their own.
        if status is not None and status < 400:
            self.response = _widened(self.response, call["response"]["schema"])

    def join(self, other: SeenEndpoint) -> None:
        self.templates |= other.templates
        self.pages |= other.pages
        self.calls += other.calls
        self.request = _widened(self.request, other.request)
        self.response = _widened(self.response, other.response)
        self.statuses = steady([*self.statuses, *other.statuses])

    @property
    def paths(self) -> set[str]:
        """The addresses that were called, without their queries."""
        return {call.entry["path"] for call in self.calls}

    def answers(self, paths: Set[str], pages: Set[str] | None = None) -> tuple[Schema | None, list[int]]:
        """Shape and statuses of what these addresses answered.

        With `pages` given, a call that is asked with a body counts only where one of them made it: what the body asks
        for differs from page to page, and with it the answer of one address.
        """
        shape, statuses = None, []
        for call in self.calls:
            entry = call.entry
            asked_alike = pages is None or entry["method"] not in ASKED_WITH_A_BODY or call.page in pages
            if entry["path"] in paths and entry["status"] is not None and asked_alike:
                statuses.append(entry["status"])
                shape = _widened(shape, entry["response"]["schema"]) if entry["status"] < 400 else shape
        return shape, steady(statuses)


def endpoints(calls: Iterable[tuple[str, ObservedCall]], known: Iterable[KnownPart]) -> dict[str, SeenEndpoint]:
    """`calls`: key of a template, and a call of a page of it. By key.

    A path belongs to a known template that fits it. Of paths that differ in their last segment and answer with the same
    fields, three and more are one endpoint: `/api/products/{id}`. Short ones only where their parent answers as well,
    for `/cart` and `/wishlist` may look alike. Paths of earlier crawls count: which three one calls is chance. Two
    are enough where one came in the other's place.
    """
    living = [part for part in known if part.gone_since is None]
    templates = sorted({(part.facts["method"], part.facts["path"]) for part in living})
    found: dict[str, SeenEndpoint] = {}
    for template, call in calls:
        entry = call.entry
        path = _known_path(entry, templates) or entry["template"]
        endpoint = SeenEndpoint(entry["method"], path, entry["type"], entry["operation"], entry["operation_type"])
        found.setdefault(endpoint.key, endpoint).add(call, template)
    for endpoint in found.values():
        endpoint.statuses = steady(endpoint.statuses)
    return _folded(found, living)


def steady(statuses: Sequence[int]) -> list[int]:
    """What an endpoint answers: the server's failures only where it answered nothing else."""
    return sorted({status for status in statuses if status < SERVER_ERROR} or set(statuses))


def _known_path(call: Json, templates: Sequence[tuple[str, str]]) -> str | None:
    # A plain path that is known stays itself: /products/new would fit /products/{id} as well.
    if (call["method"], call["template"]) in templates:
        return None
    parts = call["template"].split("/")
    for method, known in templates:
        if method == call["method"] and "{" in known and _fits(known.split("/"), parts):
            return known
    return None


def _fits(known: Sequence[str], parts: Sequence[str]) -> bool:
    if len(known) != len(parts):
        return False
    return all(mine == part or mine.startswith("{") for mine, part in zip(known, parts, strict=True))


def _folded(found: dict[str, SeenEndpoint], known: Sequence[KnownPart]) -> dict[str, SeenEndpoint]:
    paths = {endpoint.path for endpoint in found.values()} | {part.facts["path"] for part in known}
    plain, groups = {part.key for part in known}, defaultdict[tuple[Any, ...], set[str]](set)
    for key, endpoint in found.items():
        groups[_alike(endpoint.method, endpoint.operation, endpoint.path, endpoint.response)].add(key)
    for part in known:
        facts = part.facts
        groups[_alike(facts["method"], facts["operation"], facts["path"], facts["response"])].add(part.key)
    for (_, _, said, parent), keys in groups.items():
        if not said:
            continue
        changed_places = len(said) > 1 and not any(key in found and key in plain for key in keys) and keys & plain
        if len(keys) < (2 if changed_places else SIBLINGS) or not (parent.count("/") > 1 or parent in paths):
            continue
        members = [found.pop(key) for key in sorted(keys) if key in found]
        if members:
            endpoint = members[0]
            endpoint.path, endpoint.supersedes = f"{parent}/{placeholder(parent.count('{') + 1)}", keys
            for other in members[1:]:
                endpoint.join(other)
            found[endpoint.key] = endpoint
    return found


def _alike(method: str, operation: str | None, path: str, response: Schema | None) -> tuple[Any, ...]:
    """What endpoints have in common that are one; its third is empty for those that are none's siblings."""
    parent, _, last = path.rpartition("/")
    return method, operation, _said(response) if last and not last.startswith("{") else (), parent


def _said(schema: Schema | None) -> tuple[str, ...]:
    """The fields of an answer, or of the entries of its list."""
    inner = (schema or {}).get("items") or schema or {}
    return tuple(sorted(inner.get("properties", ())))


def _widened(schema: Schema | None, other: Schema | None) -> Schema | None:
    return merge(schema, other) if schema is not None and other is not None else schema if other is None else other


def remembered(before: KnownPart | None, seen: SeenEndpoint) -> tuple[dict[str, Any], list[str]]:
    """The facts to remember of an endpoint, and what is otherwise than before, in clauses."""
    known = before.facts if before else {}
    request, _ = clauses.shape(known.get("request"), seen.request)
    # Only addresses that were called before tell that something changed: another one answers what it always did.
    heard, statuses = seen.answers(
        set(known.get("paths", ())) or seen.paths, set(known["on"]) if "on" in known else None
    )
    response, said = clauses.shape(known.get("response"), heard)
    said += clauses.statuses(known.get("statuses", ()), statuses)
    # What other addresses answer widens what is remembered, and is no change (decision 41).
    response, _ = clauses.shape(response, seen.response)
    facts = {
        "method": seen.method,
        "path": seen.path,
        "type": seen.type,
        "operation": seen.operation,
        "operation_type": seen.operation_type,
        "request": request,
        "response": response,
        "statuses": seen.statuses or known.get("statuses", []),
        "paths": [*sorted(seen.paths), *(path for path in known.get("paths", ()) if path not in seen.paths)][:ON],
    }
    return facts, said
