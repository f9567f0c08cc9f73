"""Endpoints: the calls of a crawl by method, path template and operation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runs.engine.traffic import Schema, merge
from runs.engine.traffic.addresses import placeholder
from runs.insight.application.parts import Part

SIBLINGS = 3
Json = Mapping[str, Any]


@dataclass(slots=True)
class SeenEndpoint:
    method: str
    path: str
    type: str
    operation: str | None
    operation_type: str | None
    request: Schema | None = None
    response: Schema | None = None
    statuses: list[int] = field(default_factory=list)
    templates: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}" + (f" {self.operation}" if self.operation else "")

    def add(self, call: Json, template: str) -> None:
        self.templates.add(template)
        self.request = _widened(self.request, call["request"]["schema"])
        status = call["status"]
        if status is not None and status not in self.statuses:
            self.statuses.append(status)
        if status is not None and status < 400:
            self.response = _widened(self.response, call["response"]["schema"])

    def join(self, other: SeenEndpoint) -> None:
        self.templates |= other.templates
        self.request = _widened(self.request, other.request)
        self.response = _widened(self.response, other.response)
        self.statuses += [status for status in other.statuses if status not in self.statuses]


def endpoints(calls: Iterable[tuple[str, Json]], known: Iterable[Part]) -> dict[str, SeenEndpoint]:
    """`calls`: key of a template, and an entry of a snapshot's requests. By key.

    A path belongs to a known template that fits it. Of paths that differ in their last segment and answer with the same
    fields, three and more are one endpoint: `/api/products/{id}`. Short ones only where their parent answers as well,
    for `/cart` and `/wishlist` may look alike.
    """
    templates = sorted({(part.facts["method"], part.facts["path"]) for part in known})
    found: dict[str, SeenEndpoint] = {}
    for template, call in calls:
        path = _known_path(call, templates) or call["template"]
        one = SeenEndpoint(call["method"], path, call["type"], call["operation"], call["operation_type"])
        found.setdefault(one.key, one).add(call, template)
    return _folded(found)


def _known_path(call: Json, templates: Sequence[tuple[str, str]]) -> str | None:
    path = call["template"]
    if (call["method"], path) in templates:
        return None
    parts = path.split("/")
    for method, known in templates:
        if method == call["method"] and "{" in known and _fits(known.split("/"), parts):
            return known
    return None


def _fits(known: Sequence[str], parts: Sequence[str]) -> bool:
    if len(known) != len(parts):
        return False
    return all(mine == part or mine.startswith("{") for mine, part in zip(known, parts, strict=True))


def _folded(found: dict[str, SeenEndpoint]) -> dict[str, SeenEndpoint]:
    paths = {one.path for one in found.values()}
    groups: dict[tuple[Any, ...], list[SeenEndpoint]] = defaultdict(list)
    for one in found.values():
        parent, _, last = one.path.rpartition("/")
        said = _said(one.response)
        if said and last and not last.startswith("{") and (parent.count("/") > 1 or parent in paths):
            groups[one.method, one.operation, said, parent].append(one)
    for (_, _, _, parent), alike in groups.items():
        if len(alike) >= SIBLINGS:
            for one in alike:
                del found[one.key]
            first, *others = alike
            first.path = f"{parent}/{placeholder(parent.count('{') + 1)}"
            for other in others:
                first.join(other)
            found[first.key] = first
    return found


def _said(schema: Schema | None) -> tuple[str, ...]:
    """The fields of an answer, or of the entries of its list."""
    inner = (schema or {}).get("items") or schema or {}
    return tuple(inner.get("properties", ()))


def _widened(one: Schema | None, other: Schema | None) -> Schema | None:
    return merge(one, other) if one is not None and other is not None else one if other is None else other
