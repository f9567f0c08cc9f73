"""Defaults of crawls and runs of a project."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from projects.access import QA_LEAD, VIEWER
from projects.place import SignedInRequest, page, place_of
from runs.views.options import CrawlDefaults, RunDefaults
from runs.views.routes import RoutesForm


@page
def defaults(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD if request.method == "POST" else VIEWER)
    part = request.POST.get("part")
    crawl = CrawlDefaults(place.project, request.POST if part == "crawl" else None, prefix="crawl")
    run = RunDefaults(place.project, request.POST if part == "run" else None, prefix="run")
    routes = RoutesForm(place.project, request.POST if part == "routes" else None)
    if routes.is_bound and routes.is_valid():
        place.project.settings = {**place.project.settings, "route_map": routes.route_map}
        place.project.save(update_fields=["settings", "updated_at"])
        messages.success(request, "Saved.")
        return redirect("defaults", project)
    for form in (crawl, run):
        if form.is_bound and form.is_valid():
            # Forms of this page share one column.
            place.project.settings = {**place.project.settings, form.kind: form.chosen}
            place.project.save(update_fields=["settings", "updated_at"])
            messages.success(request, "Saved. Runs that are queued keep what they were queued with.")
            return redirect("defaults", project)
    context = {"here": "settings", "tab": "defaults", "place": place, "crawl": crawl, "run": run}
    refused = crawl.errors or run.errors or routes.errors
    return render(request, "runs/defaults.html", context | {"routes": routes}, status=422 if refused else 200)
