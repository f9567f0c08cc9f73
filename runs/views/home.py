"""The first page: all projects, how they are, what waits, what runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render

from projects.access import QA_LEAD, deleted_for, sees_all, visible_to
from projects.models import Project
from projects.place import SignedInRequest, page
from projects.views.creating import where
from runs import reading, states
from runs.models import Run
from runs.views.tallies import RunRow, with_tallies

PER_PAGE = 50


@dataclass(frozen=True)
class ProjectLine:
    """A project in the list: how its last whole run ended, and a newer one of some of its tests."""

    project: Project
    waiting: int
    last: RunRow | None
    part: RunRow | None
    living: list[RunRow]


@page
def home(request: SignedInRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()
    projects: Any = reading.with_last_runs(visible_to(request.user))
    if query:
        projects = projects.filter(Q(name__icontains=query) | Q(url__icontains=query))
    shown = Paginator(projects.order_by("name", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "here": "home",
        "q": query,
        "rows": shown,
        "lines": _lines(list(shown)),
        "deleted": deleted_for(request.user).exists(),
        "may_create": sees_all(request.user) or bool(where(request.user, QA_LEAD)),
    }
    return render(request, "runs/_home.html" if request.htmx else "runs/home.html", context)


def _lines(projects: list[Any]) -> list[ProjectLine]:
    ended = {number for project in projects for number in (project.last, project.newest) if number}
    runs = Run.objects.filter(Q(pk__in=ended) | Q(project__in=projects, status__in=states.LIVING))
    rows = with_tallies(list(runs.defer("options", "site")))
    by_number = {row.run.pk: row for row in rows}
    living: dict[int, list[RunRow]] = {}
    for row in rows:
        if not row.run.is_over:
            living.setdefault(row.run.project_id, []).append(row)
    return [_line(project, by_number, living.get(project.pk, [])) for project in projects]


def _line(project: Any, rows: dict[int, RunRow], living: list[RunRow]) -> ProjectLine:
    # A run of some tests is never the headline (decision 39); it stands beside the last whole one.
    part = rows.get(project.newest) if project.newest != project.last else None
    return ProjectLine(project, project.waits, rows.get(project.last), part, living)
