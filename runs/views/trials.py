"""Trying a sign-in: a worker signs in, and the page shows what happened step by step."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from projects.access import QA_LEAD, name_of
from projects.accounts import ACCOUNT, names_of
from projects.models import Environment
from projects.models.public import number_of
from projects.place import Place, SignedInRequest, page, place_of
from runs import ledger, states
from runs.models import Trial

ENOUGH = 286  # htmx asks no more


@page
@require_POST
def try_sign_in(request: SignedInRequest, project: str, role: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD)
    if role not in (ACCOUNT, *names_of(place.project)):
        raise Http404
    environment = _environment(place, request.POST.get("environment", ""))
    wanted = ledger.RunRequest(place.project, request.user, name_of(request.user)[:160], environment=environment)
    try:
        trial = ledger.open_trial(wanted, role)
    except ledger.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("auth-profiles", project)
    place.note("sign-in tried", (environment or place.project).public_id, role)
    return redirect("trial", project, trial.pk)


@page
@require_safe
@never_cache
def trial(request: SignedInRequest, project: str, number: int) -> HttpResponse:
    place = place_of(request, project, QA_LEAD)
    # The page that waits is what looks after a try; no sweep does.
    ledger.settle_lost_trial(number)
    row = _trial(place, number)
    failed = row.status == states.FAILED
    context = {"here": "settings", "tab": "auth-profiles", "place": place, "trial": row, "failed": failed}
    if request.htmx:
        return render(request, "runs/_trial.html", context, status=ENOUGH if row.is_over else 200)
    return render(request, "runs/trial.html", context)


@page
@require_safe
def picture(request: SignedInRequest, project: str, number: int) -> HttpResponse:
    row = _trial(place_of(request, project, QA_LEAD), number)
    if not row.picture:
        raise Http404
    response = HttpResponse(bytes(row.picture), content_type="image/jpeg")
    response["Cache-Control"] = "private, max-age=3600"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _trial(place: Place, number: int) -> Trial:
    row = Trial.objects.filter(project=place.project, pk=number).select_related("environment").first()
    if row is None:
        raise Http404
    return row


def _environment(place: Place, public_id: str) -> Environment | None:
    """The environment that was asked for, if one was."""
    if not public_id:
        return None
    number = number_of(Environment.PREFIX, public_id)
    found = place.project.environments.filter(pk=number).first() if number else None
    if found is None:
        raise Http404
    return found
