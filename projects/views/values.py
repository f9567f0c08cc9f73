"""Headers and variables of a project: what every request carries, and what stands for {{ … }} in tests."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from projects.access import QA_LEAD, VIEWER
from projects.forms import ValuesForm
from projects.place import SignedInRequest, page, place_of
from projects.secret_forms import SecretsForm


@page
def values(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD if request.method == "POST" else VIEWER)
    data = request.POST if request.method == "POST" else None
    row = place.project
    form = ValuesForm(data, instance=row)
    secrets = SecretsForm(row, data) if place.may_administer else None
    if data is not None and form.is_valid() and (secrets is None or secrets.is_valid()):
        changes = secrets.keep() if secrets else []
        form.save()
        row.save(update_fields=["sealed", "origins", "headers", "variables", "updated_at"])
        place.note_all(row.public_id, changes)
        messages.success(request, "Saved.")
        return redirect("values", project)
    context = {"here": "settings", "tab": "values", "place": place, "form": form, "secrets": secrets}
    return render(request, "projects/values.html", context, status=200 if data is None else 422)
