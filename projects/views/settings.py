"""A project's settings: name, address and credentials; and its end."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from projects.access import ADMIN, QA_LEAD, VIEWER
from projects.forms import CredentialsForm, ProjectSettingsForm
from projects.place import Place, Request, page, place_of


@page
def general(request: Request, project: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD if request.method == "POST" else VIEWER)
    data = request.POST if request.method == "POST" and request.POST.get("part") == "project" else None
    form = ProjectSettingsForm(data, instance=place.project)
    if data is not None and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("settings", project)
    return _shown(request, place, form, CredentialsForm(initial=place.project.access), 200 if data is None else 422)


@page
@require_POST
def credentials(request: Request, project: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    form = CredentialsForm(request.POST)
    if not form.is_valid():
        return _shown(request, place, ProjectSettingsForm(instance=place.project), form, 422)
    form.keep(place.project)
    place.project.save(update_fields=["sealed", "access", "updated_at"])
    messages.success(request, "Credentials forgotten." if form.cleaned_data["forget"] else "Credentials saved.")
    return redirect("settings", project)


def _shown(
    request: Request, place: Place, form: ProjectSettingsForm, credentials_form: CredentialsForm, status: int
) -> HttpResponse:
    if status == 422:
        place.project.refresh_from_db(fields=["name", "url", "max_concurrent_runs", "auto_approve_score"])
    context = {"here": "settings", "place": place, "form": form, "credentials": credentials_form, "tab": "general"}
    return render(request, "projects/settings.html", context, status=status)


@page
@require_POST
def delete(request: Request, project: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    if request.POST.get("name", "") != place.project.name:
        messages.error(request, f"Nothing was deleted: write the project's name, {place.project.name}, to confirm.")
        return redirect("settings", project)
    place.project.delete_softly()
    place.note("project deleted", place.project.public_id, place.project.name)
    messages.success(request, f"{place.project.name} was deleted.")
    return redirect("home")
