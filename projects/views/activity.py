"""Who did what, when: of one project, or of a workspace with all its projects."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render

from projects.models import Activity
from projects.place import SignedInRequest, page, place_of, team_of

PER_PAGE = 50


@page
def of_project(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project)
    rows = Activity.objects.filter(project=place.project)
    context = {"here": "settings", "tab": "activity", "place": place, **_found(request, rows)}
    return render(request, "projects/activity.html", context)


@page
def of_workspace(request: SignedInRequest, workspace: str) -> HttpResponse:
    team = team_of(request, workspace)
    rows = Activity.objects.filter(Q(workspace=team.workspace) | Q(project__workspace=team.workspace))
    context = {"here": "workspaces", "team": team, **_found(request, rows)}
    return render(request, "projects/workspace_activity.html", context)


def _found(request: SignedInRequest, rows: QuerySet[Activity]) -> dict[str, Any]:
    """A page of them, the newest first, narrowed to a verb and to words."""
    query, verb = request.GET.get("q", "").strip()[:200], request.GET.get("verb", "")
    verbs = list(rows.order_by("verb").values_list("verb", flat=True).distinct())
    if verb in verbs:
        rows = rows.filter(verb=verb)
    if query:
        rows = rows.filter(Q(actor_name__icontains=query) | Q(subject__icontains=query) | Q(detail__icontains=query))
    found = Paginator(rows.select_related("project").order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    return {"rows": found, "verbs": verbs, "verb": verb if verb in verbs else "", "q": query}
