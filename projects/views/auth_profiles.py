"""Sign-ins of a project beside its own: the roles that tests and crawls can take."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from projects.access import ADMIN
from projects.accounts import ACCOUNT, last_probed
from projects.api.signins import drop_sign_in
from projects.models import AuthProfile
from projects.models.auth_profile import KINDS
from projects.place import Place, SignedInRequest, page, place_of
from projects.profile_form import AuthProfileForm

ADDED = {"form": "Add a form", "basic": "Add HTTP basic", "headers": "Add request headers"}


@page
def auth_profiles(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project)
    held = last_probed(place.project)
    tests = place.project.tests.alive()
    used = {name: tests.filter(document__auth=name).count() for name in (ACCOUNT, *_names(place))}
    rows = [(row, held.get(row.name), used[row.name]) for row in place.project.auth_profiles.all()]
    context = {
        "here": "settings",
        "tab": "auth-profiles",
        "place": place,
        "rows": rows,
        "own": (held.get(ACCOUNT), used[ACCOUNT]),
        "kinds": ADDED.items(),
    }
    return render(request, "projects/auth_profiles.html", context)


@page
def new_auth_profile(request: SignedInRequest, project: str, kind: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    if kind not in dict(KINDS):
        raise Http404
    return _edited(request, place, AuthProfile(project=place.project, kind=kind))


@page
def auth_profile(request: SignedInRequest, project: str, profile: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    return _edited(request, place, _row(place, profile))


@page
@require_POST
def delete_auth_profile(request: SignedInRequest, project: str, profile: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    row = _row(place, profile)
    place.note("sign-in deleted", profile, row.name)
    drop_sign_in(row)
    messages.success(
        request, f"The sign-in {row.name} was deleted. Tests that start with it fail until they are changed."
    )
    return redirect("auth-profiles", project)


def _names(place: Place) -> list[str]:
    return list(place.project.auth_profiles.values_list("name", flat=True))


def _row(place: Place, public_id: str) -> AuthProfile:
    try:
        return AuthProfile.objects.filter(project=place.project).by_public_id(public_id)
    except AuthProfile.DoesNotExist as error:
        raise Http404 from error


def _edited(request: SignedInRequest, place: Place, row: AuthProfile) -> HttpResponse:
    form = AuthProfileForm(row, request.POST if request.method == "POST" else None)
    title = row.name or f"New sign-in: {row.get_kind_display()}"
    verb = "sign-in changed" if row.pk else "sign-in added"
    if form.is_bound and form.is_valid() and form.save():
        place.note(verb, row.public_id, row.name)
        messages.success(request, f"The sign-in {row.name} is saved.")
        return redirect("auth-profiles", place.project.public_id)
    context = {"here": "settings", "tab": "auth-profiles", "place": place, "form": form, "row": row, "title": title}
    return render(request, "projects/auth_profile.html", context, status=422 if form.is_bound else 200)
