"""The tests of a project: the list and one test."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from projects import reviewing
from projects.access import ADMIN, VIEWER, visible_to
from projects.models import Test, TestVersion
from projects.models.test import TestQuerySet
from projects.place import Place, SignedInRequest, page, place_of
from runs import reading
from runs.models import Result
from runs.views.english import as_written
from runs.views.options import RunStart, tagged, tags_in
from runs.views.queue import BY_SCORE, STATES, matching, proposals
from runs.views.threads import thread

PER_PAGE = 50
HISTORY = 30
WITH_STATE = {name: Q(review_status=name) for name in reviewing.STATES} | {BY_SCORE: STATES[BY_SCORE]}


@page
def tests(request: SignedInRequest, project: str) -> HttpResponse:
    return listed(request, place_of(request, project))


def in_list(place: Place, params: Mapping[str, Any]) -> TestQuerySet:
    """The tests that the list shows for what its address says, in any state."""
    state, family, tag, query = (str(params.get(name, "")).strip() for name in ("state", "family", "tag", "q"))
    found: TestQuerySet = matching(place.project.tests.alive(), family=family, query=query)
    found = tagged(found, [tag] if tag else [])
    found = found.exclude(stale_since=None) if params.get("stale") else found
    return found.filter(WITH_STATE[state]) if state in WITH_STATE else found


def listed(request: SignedInRequest, place: Place, form: RunStart | None = None) -> HttpResponse:
    """The list; with a form, what is wrong with the options of the run that was asked for."""
    alive = place.project.tests.alive()
    state, family, tag, query = (request.GET.get(name, "").strip() for name in ("state", "family", "tag", "q"))
    in_any_state = in_list(place, {**request.GET.dict(), "state": ""})
    by_state: Counter[str] = Counter()
    for (name, by_score), count in reading.counted_by(in_any_state, "review_status", "approved_by_score").items():
        by_state[name] += count
        by_state[BY_SCORE] += count if by_score else 0
    found = in_list(place, request.GET)
    rows: Any = reading.with_last_results(found.defer("document"))
    context = {
        "here": "tests",
        "place": place,
        "rows": Paginator(rows.order_by("pk"), PER_PAGE).get_page(request.GET.get("page")),
        "states": [(name, by_state[name]) for name in reviewing.STATES],
        "by_score": by_state[BY_SCORE],
        "total": sum(by_state[name] for name in reviewing.STATES),
        "runnable": found.filter(review_status=reviewing.APPROVED).count(),
        "state": state,
        "families": alive.exclude(family="").order_by("family").values_list("family", flat=True).distinct(),
        "family": family,
        "tags": tags_in(alive),
        "tag": tag,
        "q": query,
        "stale": bool(request.GET.get("stale")),
        "stale_count": in_list(place, {**request.GET.dict(), "state": "", "stale": "1"}).count(),
        "form": form or RunStart(place.project),
        "key": uuid.uuid4().hex,
    }
    template = "runs/_tests.html" if request.htmx else "runs/tests.html"
    return render(request, template, context, status=422 if form else 200)


def found_test(request: SignedInRequest, public_id: str, needed: str = VIEWER) -> tuple[Place, Test]:
    """A living test and its place. 404 for strangers, 403 where the role is too low."""
    try:
        rows = Test.objects.alive().filter(project__in=visible_to(request.user))
        row = rows.select_related("reviewed_by").by_public_id(public_id)
    except Test.DoesNotExist as error:
        raise Http404 from error
    return place_of(request, row.project_id, needed), row


@page
def test(request: SignedInRequest, test: str) -> HttpResponse:
    place, row = found_test(request, test)
    version = _version(row, request.GET.get("version", ""))
    item = proposals(place, [row])[0]
    history = row.results.filter(run__kind="test").select_related("run").defer("document", "proposal", "run__site")
    context = {
        "here": "tests",
        "place": place,
        "test": row,
        "version": version,
        "steps": as_written(version.document, item.format),
        "style": item.list_style,
        "versions": row.versions.select_related("author").defer("document").order_by("-number"),
        "history": list(history.order_by("-pk")[:HISTORY]),
        "json": json.dumps(version.document, indent=2, ensure_ascii=False),
        "proof": proof_of(row),
        "item": item,
        **thread(place, row),
    }
    return render(request, "runs/test.html", context)


def _version(row: Test, number: str) -> TestVersion:
    wanted = int(number) if number.isdecimal() and len(number) < 10 else row.version
    found = row.versions.select_related("author").filter(number=wanted).first()
    if found is None:
        raise Http404
    return found


def proof_of(row: Test) -> Result | None:
    """The result in which a crawl proved the test."""
    number = row.evidence.get("result")
    return Result.objects.filter(pk=number).select_related("run").defer("document").first() if number else None


@page
@require_POST
def delete_test(request: SignedInRequest, test: str) -> HttpResponse:
    place, row = found_test(request, test, ADMIN)
    with transaction.atomic():
        row.delete_softly()
        place.note("test deleted", row.public_id, row.title)
    messages.success(request, f"Deleted: {row.title}")
    return redirect("tests", place.project.public_id)
