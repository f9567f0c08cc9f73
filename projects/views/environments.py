"""Environments of a project: other addresses with their own credentials, headers and variables."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from projects.access import ADMIN, QA_LEAD
from projects.forms import CredentialsForm, EnvironmentForm
from projects.models import Environment
from projects.place import Place, Request, page, place_of


@page
def environments(request: Request, project: str) -> HttpResponse:
    place = place_of(request, project)
    context = {
        "here": "settings",
        "place": place,
        "environments": place.project.environments.all(),
        "tab": "environments",
    }
    return render(request, "projects/environments.html", context)


@page
def new_environment(request: Request, project: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD)
    return _edited(request, place, Environment(project=place.project))


@page
def environment(request: Request, project: str, environment: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD)
    return _edited(request, place, _row(place, environment))


@page
@require_POST
def delete_environment(request: Request, project: str, environment: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    row = _row(place, environment)
    place.note("environment deleted", environment, row.name)
    row.delete()
    messages.success(request, f"Environment {row.name} was deleted. Runs that used it keep what they need.")
    return redirect("environments", project)


def _row(place: Place, public_id: str) -> Environment:
    try:
        return Environment.objects.filter(project=place.project).by_public_id(public_id)
    except Environment.DoesNotExist as error:
        raise Http404 from error


def _edited(request: Request, place: Place, row: Environment) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = EnvironmentForm(data, instance=row)
    credentials = CredentialsForm(data, initial=row.access) if place.may_administer else None
    if data is not None and form.is_valid() and (credentials is None or credentials.is_valid()):
        if credentials is not None:
            credentials.keep(row)
        form.save()
        messages.success(request, f"Environment {row.name} saved.")
        return redirect("environments", place.project.public_id)
    context = {
        "here": "settings",
        "place": place,
        "form": form,
        "credentials": credentials,
        "row": row,
        "tab": "environments",
    }
    return render(request, "projects/environment.html", context, status=200 if data is None else 422)
