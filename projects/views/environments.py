"""Environments of a project: other addresses with their own credentials, headers and variables."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from projects.access import ADMIN, QA_LEAD
from projects.entrusting import TrustChange, left_behind, move
from projects.forms import EnvironmentForm
from projects.models import Environment
from projects.place import Place, SignedInRequest, page, place_of
from projects.secret_forms import CredentialsForm, FollowForm, SecretsForm
from projects.views.settings import say_what_stays


@page
def environments(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project)
    context = {
        "here": "settings",
        "place": place,
        "environments": place.project.environments.all(),
        "tab": "environments",
    }
    return render(request, "projects/environments.html", context)


@page
def new_environment(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD)
    return _edited(request, place, Environment(project=place.project))


@page
def environment(request: SignedInRequest, project: str, environment: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD)
    return _edited(request, place, _row(place, environment))


@page
@require_POST
def delete_environment(request: SignedInRequest, project: str, environment: str) -> HttpResponse:
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


def _edited(request: SignedInRequest, place: Place, row: Environment) -> HttpResponse:
    data, before = request.POST if request.method == "POST" else None, row.base_url
    form = EnvironmentForm(data, instance=row)
    confidential = _Confidential(row, data) if place.may_administer else None
    if data is not None and form.is_valid() and (confidential is None or confidential.is_valid(row)):
        follow = confidential is not None and confidential.follow
        changes = move(row, before, follow=follow) + (confidential.keep(row) if confidential else [])
        form.save()
        place.note_all(row.public_id, changes)
        messages.success(request, f"Environment {row.name} saved.")
        say_what_stays(request, row, changes)
        return redirect("environments", place.project.public_id)
    context = {
        "here": "settings",
        "place": place,
        "form": form,
        "confidential": confidential,
        "row": row,
        "tab": "environments",
        "left": left_behind(row) if row.pk and data is None else [],
    }
    return render(request, "projects/environment.html", context, status=200 if data is None else 422)


class _Confidential:
    """What an admin may write beside an environment's open fields."""

    def __init__(self, row: Environment, data: QueryDict | None) -> None:
        self.following = FollowForm(data) if row.origins else None
        self.secrets = SecretsForm(row, data)
        self.credentials = CredentialsForm(row, data)

    def is_valid(self, row: Environment) -> bool:
        forms = [form for form in (self.following, self.secrets, self.credentials) if form is not None]
        wrong = [form for form in forms if not form.is_valid()]  # each says what is wrong with it
        return not wrong and not self.credentials.misplaced(row)

    @property
    def follow(self) -> bool:
        return self.following is not None and bool(self.following.cleaned_data["secrets_follow"])

    def keep(self, row: Environment) -> list[TrustChange]:
        return self.secrets.keep() + self.credentials.keep(row)
