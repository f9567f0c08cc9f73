"""A project's settings: name, address and credentials; and its end."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from projects.access import ADMIN, QA_LEAD, VIEWER
from projects.entrusting import MOVED, TrustChange, left_behind, move
from projects.forms import ProjectSettingsForm
from projects.models.project import Reachable
from projects.place import Place, SignedInRequest, page, place_of
from projects.secret_forms import CredentialsForm, FollowForm


@page
def general(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD if request.method == "POST" else VIEWER)
    data = request.POST if request.method == "POST" and request.POST.get("part") == "project" else None
    before = place.project.url
    form, following = ProjectSettingsForm(data, instance=place.project), _following(place, data)
    if data is not None and form.is_valid() and (following is None or following.is_valid()):
        follow = following is not None and bool(following.cleaned_data["secrets_follow"])
        changes = move(place.project, before, follow=follow)
        form.save()
        place.note_all(place.project.public_id, changes)
        messages.success(request, "Saved.")
        say_what_stays(request, place.project, changes)
        return redirect("settings", project)
    return _shown(request, place, form, CredentialsForm(place.project), 200 if data is None else 422)


def _following(place: Place, data: QueryDict | None) -> FollowForm | None:
    """Whether what is secret goes along is an admin's to say, where there is something."""
    secret = place.project.origins or place.project.auth_profiles.exists()
    return FollowForm(data) if place.may_administer and secret else None


def say_what_stays(request: SignedInRequest, row: Reachable, changes: list[TrustChange]) -> None:
    """After a move: which secrets the new address does not get."""
    if any(change.verb == MOVED for change in changes):
        for sentence in left_behind(row):
            messages.warning(request, sentence)


@page
@require_POST
def credentials(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    form = CredentialsForm(place.project, request.POST)
    if not form.is_valid() or form.misplaced(place.project):
        return _shown(request, place, ProjectSettingsForm(instance=place.project), form, 422)
    changes = form.keep(place.project)
    place.project.save(update_fields=["sealed", "origins", "access", "updated_at"])
    place.note_all(place.project.public_id, changes)
    messages.success(request, "Credentials forgotten." if form.cleaned_data["forget"] else "Credentials saved.")
    if form.warning():
        messages.warning(request, form.warning())
    return redirect("settings", project)


def _shown(
    request: SignedInRequest, place: Place, form: ProjectSettingsForm, credentials_form: CredentialsForm, status: int
) -> HttpResponse:
    if status == 422:
        place.project.refresh_from_db(fields=["name", "url", "max_concurrent_runs", "auto_approve_score"])
    context = {
        "here": "settings",
        "place": place,
        "form": form,
        "following": _following(place, None),
        "credentials": credentials_form,
        "left": left_behind(place.project),
        "tab": "general",
    }
    return render(request, "projects/settings.html", context, status=status)
