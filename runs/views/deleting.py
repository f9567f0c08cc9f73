"""Deleting a project, and what was deleted: who may bring it back does so here."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from projects.access import ADMIN, deleted_for, name_of
from projects.models import Project, Test
from projects.models.project import NameTaken
from projects.place import Place, SignedInRequest, page, place_of
from runs import ledger

SHOWN = 200


@page
@require_POST
def delete_project(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    if request.POST.get("name", "") != place.project.name:
        messages.error(request, f"Nothing was deleted: write the project's name, {place.project.name}, to confirm.")
        return redirect("settings", project)
    try:
        with transaction.atomic():
            # In the lock order: the project before its runs, which `release` aborts.
            row = Project.objects.select_for_update().get(pk=place.project.pk)
            ledger.release(row, name_of(request.user)[:160], abort_runs=bool(request.POST.get("abort_runs")))
            row.delete_softly()
            place.note("project deleted", row.public_id, row.name)
    except ledger.Refused as refusal:
        messages.error(request, f"Nothing was deleted: {refusal}")
        return redirect("settings", project)
    messages.success(request, f"{place.project.name} was deleted. Admins find it among the deleted projects.")
    return redirect("home")


@page
def deleted_projects(request: SignedInRequest) -> HttpResponse:
    rows = [
        {
            "id": row.public_id,
            "name": row.name,
            "at": row.deleted_at,
            "back": reverse("undelete-project", args=[row.pk]),
        }
        for row in deleted_for(request.user).order_by("-deleted_at")[:SHOWN]
    ]
    return render(request, "runs/deleted.html", {"here": "home", "title": "Deleted projects", "rows": rows})


@page
@require_POST
def undelete_project(request: SignedInRequest, number: int) -> HttpResponse:
    with transaction.atomic():
        row = deleted_for(request.user).select_for_update(of=("self",)).filter(pk=number).first()
        if row is None:
            raise Http404
        try:
            row.undelete(request.POST.get("name", "").strip()[:120])
        except NameTaken as error:
            messages.error(request, str(error))
            return redirect("deleted-projects")
        Place(row, ADMIN, request.user).note("project restored", row.public_id, row.name)
    messages.success(request, f"{row.name} is back.")
    return redirect("project", row.public_id)


@page
def deleted_tests(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    gone = place.project.tests.exclude(deleted_at=None).defer("document").order_by("-deleted_at")[:SHOWN]
    rows = [
        {
            "id": row.public_id,
            "name": row.title,
            "at": row.deleted_at,
            "back": reverse("undelete-test", args=[project, row.public_id]),
        }
        for row in gone
    ]
    context: dict[str, Any] = {"here": "tests", "place": place, "title": "Deleted tests", "rows": rows}
    return render(request, "runs/deleted.html", context)


@page
@require_POST
def undelete_test(request: SignedInRequest, project: str, test: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    try:
        with transaction.atomic():
            row = place.project.tests.exclude(deleted_at=None).select_for_update().by_public_id(test)
            row.undelete()
            place.note("test restored", row.public_id, row.title)
    except Test.DoesNotExist as error:
        raise Http404 from error
    except NameTaken as error:
        messages.error(request, str(error))
        return redirect("deleted-tests", project)
    messages.success(request, f"Back: {row.title}")
    return redirect("test", test)
