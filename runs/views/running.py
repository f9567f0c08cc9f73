"""Running some of a project's tests: by tag, those that were selected, or all that a list shows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from projects import reviewing
from projects.access import QA_LEAD
from projects.models import Test
from projects.models.test import TestQuerySet
from projects.place import Place, SignedInRequest, page, place_of
from runs import ledger
from runs.engine.plan import RunOptions
from runs.views.options import RunStart, tagged
from runs.views.overview import requested_run, run_request, with_refused_form
from runs.views.tests import found_test, in_list, listed

MOST_BY_NAME = 10_000


@page
@require_POST
def start_run(request: SignedInRequest, project: str) -> HttpResponse:
    """All approved tests, or those with the tags that were chosen."""
    place = place_of(request, project, QA_LEAD)
    form = RunStart(place.project, request.POST)
    if not form.is_valid():
        return with_refused_form(request, place, form)
    tags = list(form.cleaned_data.get("tags", ()))
    tests = tagged(place.project.tests.approved(), tags)
    scope = {"by": "tags", "tags": tags} if tags else {"by": "all"}
    requested = requested_run(request, place, form, scope=scope)
    return _opened(request, requested, form.options, list(tests), back=("project", project))


@page
@require_POST
def run_some(request: SignedInRequest, project: str) -> HttpResponse:
    """Those of the selected tests that are approved, or of all that the list's filters match."""
    place = place_of(request, project, QA_LEAD)
    form = RunStart(place.project, request.POST)
    if not form.is_valid():
        return listed(request, place, form)
    named = request.POST.getlist("ids")[:MOST_BY_NAME]
    chosen = _named(place, named) if named else in_list(place, request.GET)
    approved = list(chosen.filter(review_status=reviewing.APPROVED))
    left = chosen.count() - len(approved)
    if not approved:
        messages.error(request, "None of these tests is approved. Approve them, or try a draft from its own page.")
        return redirect("tests", project)
    if left:
        were = "test was" if left == 1 else "tests were"
        messages.warning(request, f"{left} {were} left out: only approved tests are part of runs.")
    # Selected by hand is asked for by name; a filter does not ask for what is in quarantine.
    requested = requested_run(request, place, form, named=bool(named), scope={"by": "tests"})
    return _opened(request, requested, form.options, approved, back=("tests", project))


@page
@require_POST
def run_test(request: SignedInRequest, test: str) -> HttpResponse:
    """One test alone. One that is not approved is tried: a run that teaches and tells nobody anything."""
    place, row = found_test(request, test, QA_LEAD)
    options = RunOptions.model_validate(place.project.settings.get("run", {}))
    trigger = "person" if row.review_status == reviewing.APPROVED else ledger.TRIAL
    requested = run_request(request, place, named=True, trigger=trigger, scope={"by": "tests"})
    return _opened(request, requested, options, [row], back=("test", test))


def _named(place: Place, names: list[str]) -> TestQuerySet:
    numbers = [int(name) for name in names if name.isdecimal() and len(name) < 19]
    return place.project.tests.alive().filter(pk__in=numbers)


def _opened(
    request: SignedInRequest,
    requested: ledger.RunRequest,
    options: RunOptions,
    tests: list[Test],
    back: tuple[Any, ...],
) -> HttpResponse:
    try:
        run = ledger.open_test_run(requested, options, tests)
    except ledger.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(*back)
    return redirect("run", run.public_id)
