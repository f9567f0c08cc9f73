"""The only reader of what is known about applications: rows → parts, coverage, marks and the map."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from django.db.models import QuerySet

from projects import reviewing
from projects.models import Environment, Project, Test
from runs.insight import layout
from runs.insight.application import Cover, Coverage, Kind, KnownPart, PartDifference, TestOf, What, coverage, key_of
from runs.models import Application, Comparison
from runs.models import Difference as DifferenceRow
from runs.models import Part as Row

LIGHT: tuple[Kind, ...] = ("template", "form", "endpoint", "edge")
# Nodes in a row and pixels for each, by the room that the page has.
SIZES = {"wide": (5, 220), "medium": (3, 200), "small": (2, 160)}


@dataclass
class ApplicationMap:
    """An application with all that a person asks about it; parts that are gone are among them."""

    application: Application
    parts: dict[Kind, list[KnownPart]]
    coverage: Coverage
    marks: dict[tuple[Kind, str], str]
    comparison: Comparison | None = None
    reach: dict[str, set[str]] = field(default_factory=dict)
    numbers: dict[tuple[Kind, str], int] = field(default_factory=dict)
    pages: int = 0

    @cached_property
    def roles(self) -> list[str]:
        """Sign-ins that a crawl visited with; the crawl's own is the empty one."""
        return sorted(set().union(*self.reach.values()))

    def shown(self, kind: Kind) -> list[KnownPart]:
        """Parts that are there, and those that were gone when the last crawl looked."""
        last = self.application.learned_run
        return [part for part in self.parts[kind] if part.gone_since in (None, last)]

    def alive(self, kind: Kind) -> list[KnownPart]:
        return [part for part in self.parts[kind] if part.gone_since is None]

    def name_of(self, template: str) -> str:
        return self._names.get(template, template)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {part.key: part.name for part in self.parts["template"]}

    def tally(self, kind: Kind) -> dict[Cover, int]:
        """How many parts are covered, only proposed for, and neither."""
        found = Counter(self.coverage.cover_of(part) for part in self.alive(kind))
        return {"covered": found["covered"], "proposed": found["proposed"], "none": found["none"]}

    def cover_of(self, node: layout.Node) -> Cover:
        """Of several kinds of pages in one node the least that is true of all."""
        found = {self.coverage.at("template", key) for key in node.inside or (node.key,)}
        order: tuple[Cover, ...] = ("none", "proposed", "covered")
        return next(cover for cover in order if cover in found)

    def drawing(self, under: str, size: str) -> layout.Map:
        nodes = [
            layout.Node(part.key, part.name, part.facts["pattern"], part.facts["pages"], part.facts["depth"])
            for part in self.shown("template")
        ]
        columns, cell = SIZES[size]
        ways = {(part.template, part.facts["to"]) for part in self.shown("edge")}
        return layout.placed(layout.folded(nodes, under), ways, columns=columns, cell=cell)


def applications_of(project: Project) -> list[Application]:
    """Of each environment that a crawl has seen: as its account sees it, where one has signed in, else as a visitor."""
    rows = Application.objects.filter(project=project).exclude(learned_run=0).select_related("project", "environment")
    found: dict[int | None, Application] = {}
    for row in rows.order_by("pk"):
        if row.signed_in or row.environment_id not in found:
            found[row.environment_id] = row
    return list(found.values())


def application_of(project: Project, environment: Environment | None) -> Application | None:
    """What is known of the project in this environment, None before the first crawl."""
    return next(
        (application for application in applications_of(project) if application.environment == environment), None
    )


def map_of(application: Application) -> ApplicationMap:
    """Everything but pages and actions as parts; pages and tests are only counted and attributed."""
    parts: dict[Kind, list[KnownPart]] = {kind: [] for kind in LIGHT}
    numbers: dict[tuple[Kind, str], int] = {}
    for row in application.parts.filter(kind__in=LIGHT).order_by("pk"):
        part = row.value
        parts[part.kind].append(part)
        numbers[part.kind, part.key] = row.pk
    pages = _pages(application)
    reach: dict[str, set[str]] = defaultdict(set)
    for page in pages:
        reach[page.template] |= set(page.roles)
    comparison = Comparison.objects.filter(run=application.learned_run).first()
    return ApplicationMap(
        application,
        parts,
        coverage([*(part for listed in parts.values() for part in listed), *pages], _tests(application.project)),
        _marks(comparison),
        comparison,
        dict(reach),
        numbers,
        len(pages),
    )


def _pages(application: Application) -> list[KnownPart]:
    rows = application.parts.filter(kind="page", gone_since_run=None).values_list("key", "template", "roles")
    return [KnownPart("page", key, "", template, roles=tuple(roles)) for key, template, roles in rows]


def _tests(project: Project) -> Iterable[TestOf]:
    living = project.tests.alive().exclude(review_status=reviewing.REJECTED)
    rows = living.values_list("pk", "title", "review_status", "stale_since", "page_url", "template", "document")
    for pk, title, status, stale, url, template, document in rows.iterator():
        yield TestOf(
            id=f"{Test.PREFIX}-{pk}",
            title=title,
            approved=status == reviewing.APPROVED,
            stale=stale is not None,
            page=key_of(url) if url else "",
            template=template,
            document=document,
        )


def _marks(comparison: Comparison | None) -> dict[tuple[Kind, str], str]:
    if comparison is None:
        return {}
    rows = comparison.differences.exclude(kind="page").values_list("kind", "key", "what")
    return {(cast(Kind, kind), key): what for kind, key, what in rows}


def difference_of(row: DifferenceRow) -> PartDifference:
    return PartDifference(cast(Kind, row.kind), cast(What, row.what), row.key, row.name, tuple(row.words))


def pages_of(application: Application, template: str) -> QuerySet[Row]:
    """Pages of one kind: those that are there first, then those that are gone."""
    rows: Any = application.parts.filter(kind="page", template=template)
    return cast("QuerySet[Row]", rows.order_by("gone_since_run", "pk"))


def openapi(application_map: ApplicationMap) -> dict[str, Any]:
    """What was learnt about endpoints as an OpenAPI 3.1 document; operations of GraphQL are not in it."""
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for part in application_map.alive("endpoint"):
        if part.facts["type"] in ("fetch", "xhr") and not part.facts["operation_type"]:
            paths[part.facts["path"]][part.facts["method"].lower()] = _operation(part.facts)
    project = application_map.application.project
    return {
        "openapi": "3.1.0",
        "info": {"title": project.name, "version": f"RUN-{application_map.application.learned_run}"},
        "servers": [{"url": (application_map.application.environment or _Site(project.url)).base_url}],
        "paths": dict(sorted(paths.items())),
    }


@dataclass(frozen=True)
class _Site:
    base_url: str


def _operation(facts: Mapping[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for part in facts["path"].split("/")
        if part.startswith("{")
    ]
    statuses = facts["statuses"] or [200]
    answers = {str(status): {"description": "seen by a crawl"} for status in statuses}
    if facts["response"] is not None:
        first = next((status for status in statuses if status < 400), statuses[0])
        answers[str(first)] |= {"content": {"application/json": {"schema": facts["response"]}}}  # type: ignore[dict-item]
    said: dict[str, Any] = {"responses": answers}
    if parameters:
        said["parameters"] = parameters
    if facts["request"] is not None:
        said["requestBody"] = {"content": {"application/json": {"schema": facts["request"]}}}
    return said
