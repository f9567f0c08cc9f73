"""The map of an application: kinds of pages with the ways between them, forms, endpoints, and what tests cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render

from projects.place import Place, SignedInRequest, page, place_of
from runs import application_map
from runs.application_map import ApplicationMap
from runs.insight import layout
from runs.insight.application import Kind, KnownPart
from runs.models import Application, Run
from runs.models import Part as Row

TALLIED: dict[Kind, str] = {"template": "kinds of pages", "form": "forms", "endpoint": "endpoints"}
PER_PAGE = 50
MOST_DIFFERENCES = 50


@dataclass(frozen=True)
class PartLine:
    """A part as a table shows it: its number in addresses, its coverage, and what the last crawl said about it."""

    number: int
    part: KnownPart
    cover: str
    mark: str
    tests: int
    roles: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Dot:
    """A node of the drawing; `number` leads to its kind of page, `under` into a group, neither to the table."""

    spot: layout.Placed
    cover: str
    mark: str
    faint: bool
    number: int | None
    under: str


@page
def site_map(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project)
    applications = application_map.applications_of(place.project)
    application = _chosen(applications, request.GET.get("environment", ""))
    context: dict[str, Any] = {"here": "map", "place": place, "application": application, "applications": applications}
    if application:
        context |= _of(application_map.map_of(application), request)
    return render(request, "runs/map.html", context)


def _chosen(applications: Sequence[Application], environment: str) -> Application | None:
    """The application in production unless another one is asked for, or there is no other."""
    if environment:
        for application in applications:
            if application.environment and application.environment.public_id == environment:
                return application
        raise Http404
    return next(
        (application for application in applications if application.environment_id is None),
        applications[0] if applications else None,
    )


def _of(found: ApplicationMap, request: SignedInRequest) -> dict[str, Any]:
    under, role = request.GET.get("under", ""), request.GET.get("role")
    role = role if role in found.roles else None
    templates = [_line(found, part) for part in found.shown("template") if not under or _below(part, under)]
    living = [line for line in templates if line.part.gone_since is None]
    return {
        "run": f"{Run.PREFIX}-{found.application.learned_run}",
        "under": under,
        "role": role,
        "roles": [(name, name or "the project's own sign-in") for name in found.roles] if len(found.roles) > 1 else [],
        "living": len(living),
        "reached": sum(role in line.roles for line in living),
        # All sizes are sent, and the style sheet shows the one that the window has room for: no script is needed.
        "drawings": [_drawn(found, under, role, size) for size in application_map.SIZES],
        "rows": Paginator(templates, PER_PAGE).get_page(request.GET.get("page")),
        "forms": [_line(found, part) for part in found.shown("form")],
        "endpoints": [_line(found, part) for part in found.shown("endpoint")],
        "tallies": [(words, found.tally(kind), len(found.alive(kind))) for kind, words in TALLIED.items()],
        "pages": found.pages,
        **_compared(found),
    }


def _below(part: KnownPart, under: str) -> bool:
    pattern = part.facts["pattern"]
    return bool(pattern == under or pattern.startswith(f"{under}/"))


def _line(found: ApplicationMap, part: KnownPart) -> PartLine:
    return PartLine(
        number=found.numbers[part.kind, part.key],
        part=part,
        cover=found.coverage.cover_of(part),
        mark="removed" if part.gone_since else found.marks.get((part.kind, part.key), ""),
        tests=len(found.coverage.tests.get((part.kind, part.key), ())),
        roles=tuple(sorted(found.reach.get(part.key, ()))),
        kinds=tuple(found.name_of(key) for key in part.templates),
    )


def _drawn(found: ApplicationMap, under: str, role: str | None, size: str) -> dict[str, Any]:
    drawing = found.drawing(under, size)
    return {"size": size, "map": drawing, "dots": [_dot(found, spot, role) for spot in drawing.nodes]}


def _dot(found: ApplicationMap, spot: layout.Placed, role: str | None) -> Dot:
    node = spot.node
    keys = node.inside or (node.key,)
    marks = {found.marks.get(("template", key), "") for key in keys}
    return Dot(
        spot=spot,
        cover=found.cover_of(node),
        mark=next((mark for mark in ("removed", "changed", "new") if mark in marks), ""),
        faint=role is not None and not any(role in found.reach.get(key, ()) for key in keys),
        number=None if node.inside else found.numbers["template", node.key],
        under=node.pattern if node.inside and node.key != "more" else "",
    )


def _compared(found: ApplicationMap) -> dict[str, Any]:
    note = found.comparison.note if found.comparison else ""
    if found.comparison is None or found.comparison.earlier_run is None:
        return {"compared": None, "note": note}
    rows = found.comparison.differences.all()
    return {
        "compared": f"{Run.PREFIX}-{found.comparison.earlier_run}",
        "note": note,
        "differences": [(row.what, application_map.difference_of(row).sentence) for row in rows[:MOST_DIFFERENCES]],
        "more": max(0, rows.count() - MOST_DIFFERENCES),
    }


@page
def kind_of_page(request: SignedInRequest, project: str, number: int) -> HttpResponse:
    """One kind of page: its pages, forms, actions, endpoints, ways and tests."""
    place = place_of(request, project)
    row = _row(place, number)
    found = application_map.map_of(row.application)
    line = _line(found, next(part for part in found.parts["template"] if part.key == row.key))
    on: Mapping[Kind, list[PartLine]] = {
        kind: [_line(found, part) for part in found.alive(kind) if row.key in part.templates]
        for kind in ("form", "endpoint")
    }
    offered = row.application.parts.filter(kind="action", gone_since_run=None)
    actions = [action for action in (part.value for part in offered) if row.key in action.templates]
    ways = found.alive("edge")
    context = {
        "here": "map",
        "place": place,
        "line": line,
        "application": row.application,
        "rows": Paginator(application_map.pages_of(row.application, row.key), PER_PAGE).get_page(
            request.GET.get("page")
        ),
        "forms": on["form"],
        "endpoints": on["endpoint"],
        "actions": actions,
        "directions": [
            ("Leads to", _ways(found, [(part.facts["to"], part) for part in ways if part.template == row.key])),
            ("Reached from", _ways(found, [(part.template, part) for part in ways if part.facts["to"] == row.key])),
        ],
        "first": f"{Run.PREFIX}-{row.first_seen_run}",
        "last": f"{Run.PREFIX}-{row.last_seen_run}",
        "tests": found.coverage.tests.get(("template", row.key), ()),
    }
    return render(request, "runs/kind_of_page.html", context)


def _row(place: Place, number: int) -> Row:
    rows = Row.objects.filter(application__project=place.project, kind="template")
    found = rows.select_related("application__project", "application__environment").filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _ways(found: ApplicationMap, ways: Sequence[tuple[str, KnownPart]]) -> list[dict[str, Any]]:
    return [
        {"name": found.name_of(key), "number": found.numbers[("template", key)], "sentences": part.facts["sentences"]}
        for key, part in ways
        if ("template", key) in found.numbers
    ]
