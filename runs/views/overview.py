"""A project at a glance, and the two buttons that start work."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from projects import reviewing
from projects.access import QA_LEAD, name_of
from projects.models import Environment
from projects.place import Place, SignedInRequest, page, place_of
from runs import ledger, reading, states
from runs.models import Run
from runs.views.options import CrawlStart, RunStart, StartForm
from runs.views.tallies import STRIP, RunRow, strip, with_tallies

RECENT = 10
LIVING_SHOWN = 3


@page
def overview(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project)
    if request.htmx:
        return render(request, "runs/_overview.html", {"place": place, **_numbers(place)})
    return _shown(request, place)


def _shown(
    request: SignedInRequest, place: Place, crawl: CrawlStart | None = None, run: RunStart | None = None
) -> HttpResponse:
    context = {
        "here": "overview",
        "place": place,
        "crawl": crawl or CrawlStart(place.project),
        "run": run or RunStart(place.project),
        "key": uuid.uuid4().hex,
        **_numbers(place),
    }
    return render(request, "runs/overview.html", context, status=422 if crawl or run else 200)


def _numbers(place: Place) -> dict[str, Any]:
    runs = Run.objects.filter(project=place.project).defer("options", "site").select_related("environment")
    ended = with_tallies(list(runs.counted().filter(kind="test", status__in=states.TERMINAL)[:STRIP]))
    # What was aborted says nothing of the application, unless there is nothing else.
    shown = [row for row in ended if row.run.status != states.ABORTED] or ended
    last = next((row for row in shown if not row.run.partial), None) or _last_whole(runs.counted())
    recent = with_tallies(list(runs[:RECENT]))
    living = [row for row in recent if not row.run.is_over]
    crawl = runs.filter(kind="crawl").exclude(status=states.QUEUED).first()
    by_state = dict.fromkeys(reviewing.STATES, 0) | reading.counted_by(place.project.tests.alive(), "review_status")
    return {
        "last": last,
        "part": shown[0] if shown and shown[0] != last else None,
        "strip": strip(ended),
        "recent": recent,
        "living": living[:LIVING_SHOWN],
        "living_more": max(0, runs.living().count() - LIVING_SHOWN) if living else 0,
        "crawl_run": crawl,
        "pages": reading.page_counts(crawl.pk) if crawl else None,
        "tests": by_state,
        "total": sum(by_state.values()),
        "nothing_to_run": not by_state[reviewing.APPROVED],
    }


def _last_whole(runs: QuerySet[Run]) -> RunRow | None:
    """The last run of all tests, where many of some tests came after it."""
    found = runs.filter(kind="test", partial=False, status__in=(states.COMPLETED, states.FAILED)).first()
    return with_tallies([found])[0] if found else None


def run_request(
    request: SignedInRequest, place: Place, environment: Environment | None = None, **more: Any
) -> ledger.RunRequest:
    """What the person asks for, in the ledger's words."""
    return ledger.RunRequest(
        project=place.project,
        actor=request.user,
        actor_name=name_of(request.user),
        environment=environment,
        **more,
    )


@page
@require_POST
def start_crawl(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD)
    form = CrawlStart(place.project, request.POST)
    if not form.is_valid():
        return _shown(request, place, crawl=form)
    try:
        run = ledger.open_crawl(requested_run(request, place, form), form.options)
    except ledger.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("project", project)
    return redirect("run", run.public_id)


def with_refused_form(request: SignedInRequest, place: Place, run: RunStart) -> HttpResponse:
    """The overview with what is wrong with the options of a test run."""
    return _shown(request, place, run=run)


def requested_run(request: SignedInRequest, place: Place, form: StartForm[Any], **more: Any) -> ledger.RunRequest:
    """What a person asks for with a form: where, and once for each time that the form was shown."""
    return run_request(request, place, form.environment, idempotency_key=form.cleaned_data["key"] or None, **more)
