"""A new project: address, name, and credentials where they are needed."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render

from projects.access import ADMIN, QA_LEAD, roles_from, sees_all, workspaces_of
from projects.forms import NewProjectForm
from projects.models import Workspace
from projects.place import SignedInRequest, page, place_of
from projects.secret_forms import CredentialsForm


@page
def new_project(request: SignedInRequest) -> HttpResponse:
    workspaces = where(request.user, QA_LEAD)
    if not workspaces and not sees_all(request.user):
        reason = (
            "You cannot create projects: this needs the role QA lead in a workspace. Its admins can give it to you."
        )
        return render(request, "403.html", {"exception": reason}, status=403)
    sealing = {workspace.pk for workspace in where(request.user, ADMIN)}
    form = NewProjectForm(request.POST or None, workspaces=workspaces)
    credentials = CredentialsForm(None, request.POST or None) if sealing or not workspaces else None
    if request.method == "POST" and form.is_valid() and (credentials is None or credentials.is_valid()):
        seals = credentials is not None and (form.workspace is None or form.workspace.pk in sealing)
        changes = credentials.keep(form.instance) if seals and credentials else []
        with transaction.atomic():
            project = form.save()
        place = place_of(request, project.pk)
        place.note("project created", project.public_id, project.name)
        place.note_all(project.public_id, changes)
        return redirect("project", project.public_id)
    status = 422 if request.method == "POST" else 200
    return render(request, "projects/new.html", {"form": form, "credentials": credentials}, status=status)


def where(user: User, needed: str) -> list[Workspace]:
    """The workspaces in which the person has at least this role, by name."""
    return list(workspaces_of(user).filter(role__in=roles_from(needed)))
