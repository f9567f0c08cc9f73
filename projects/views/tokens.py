"""API tokens of a project, for CI. A token's text is shown once."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from projects.access import ADMIN
from projects.forms import TokenForm
from projects.once import show_once, shown_once
from projects.place import SignedInRequest, page, place_of


@page
@never_cache
def tokens(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    form = TokenForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        row, text = form.issue(place.project)
        place.note("token created", str(row.pk), row.name)
        show_once(request, project, text)
        return redirect("tokens", project)
    rows = place.project.api_tokens.filter(revoked_at=None).order_by("-pk")
    issued = shown_once(request, project)
    context = {"here": "settings", "place": place, "form": form, "issued": issued, "tokens": rows, "tab": "tokens"}
    return render(request, "projects/tokens.html", context, status=422 if form.errors else 200)


@page
@require_POST
def revoke(request: SignedInRequest, project: str, token: int) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    row = get_object_or_404(place.project.api_tokens.filter(revoked_at=None), pk=token)
    row.revoked_at = timezone.now()
    row.save(update_fields=["revoked_at"])
    place.note("token revoked", str(row.pk), row.name)
    messages.success(request, f"The token {row.name} was revoked.")
    return redirect("tokens", project)
