"""The review queue: evidence first, one key a decision, everything can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, F, Min
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from projects import reviewing
from projects.access import QA_LEAD
from projects.models import Test
from projects.place import Place, Request, page, place_of
from runs import storage
from runs.models import Artifact
from runs.views.english import sentences
from runs.views.tests import found_test, matching

PER_PAGE = 20
MOST_AT_ONCE = 10_000
MOST_TEMPLATES = 40


@dataclass(frozen=True)
class Proposal:
    """A test with what a person needs to trust it."""

    test: Test
    sentences: list[str]
    screenshot: str

    @property
    def proved(self) -> bool:
        evidence = self.test.evidence
        return bool(evidence.get("replays")) and evidence.get("passed") == evidence.get("replays")


@dataclass(frozen=True)
class Filters:
    """What of the queue is looked at."""

    state: str
    family: str
    template: str
    query: str

    @classmethod
    def of(cls, values: Any) -> Filters:
        state = values.get("state", "")
        family, template, query = (values.get(name, "").strip() for name in ("family", "template", "q"))
        return cls(reviewing.REJECTED if state == reviewing.REJECTED else reviewing.DRAFT, family, template, query)

    def rows(self, place: Place) -> Any:
        found = place.project.tests.alive().filter(review_status=self.state)
        return matching(found, family=self.family, template=self.template, query=self.query)


@page
def review(request: Request, project: str) -> HttpResponse:
    place = place_of(request, project)
    context = _queue(place, Filters.of(request.GET), request.GET.get("page"))
    return render(request, "runs/_queue.html" if request.htmx else "runs/review.html", context)


def _queue(place: Place, filters: Filters, number: str | None) -> dict[str, Any]:
    rows = filters.rows(place)
    shown = Paginator(rows.order_by(F("score").desc(nulls_last=True), "pk"), PER_PAGE).get_page(number)
    tests = list(shown)
    pictures = _screenshots(tests)
    states = place.project.tests.alive().order_by().values_list("review_status").annotate(Count("pk"))
    beside = place.project.tests.alive().filter(review_status=filters.state).order_by()
    return {
        "here": "review",
        "place": place,
        "filters": filters,
        "q": filters.query,
        "rows": shown,
        "proposals": [Proposal(test, sentences(test.document), pictures.get(test.pk, "")) for test in tests],
        "states": dict.fromkeys(reviewing.STATES, 0) | dict(states),
        "families": beside.exclude(family="").values_list("family").annotate(count=Count("pk")).order_by("-count"),
        "templates": _templates(beside),
    }


def _templates(rows: Any) -> list[tuple[str, int, str]]:
    """Kinds of pages: name, how many tests, the address of one."""
    groups = rows.exclude(template="").values_list("template").annotate(count=Count("pk"), example=Min("page_url"))
    return list(groups.order_by("-count", "template")[:MOST_TEMPLATES])


def _screenshots(tests: Sequence[Test]) -> dict[int, str]:
    """Links to the newest screenshot of the proof of each test."""
    proofs = {test.evidence["result"]: test.pk for test in tests if test.evidence.get("result")}
    found = Artifact.objects.filter(attempt__result__in=proofs, kind="screenshot").select_related("attempt")
    return {proofs[picture.attempt.result_id]: storage.signed_url(picture) for picture in found.order_by("pk")}


@page
@require_POST
def decide(request: Request, project: str) -> HttpResponse:
    """One decision about some tests: `ids` (comma-separated) or everything that the filters match."""
    place = place_of(request, project, QA_LEAD)
    action, filters = request.POST.get("action", ""), Filters.of(request.POST)
    if action not in reviewing.ACTIONS:
        return HttpResponseBadRequest("action must be approve, reject or restore")
    changed = _decided(place, _chosen(request, place, filters), action, request.POST.get("reason", "").strip())
    text = _told(changed, action)
    if not request.htmx:
        messages.success(request, text)
        return redirect("review", project)
    undo = {"url": reverse("decide", args=[project]), "ids": ",".join(str(test.pk) for test in changed)}
    toast = {"text": text, "undo": undo if changed and action != "restore" else None}
    context = _queue(place, filters, request.POST.get("page")) | {"toast": toast}
    return render(request, "runs/_queue.html", context)


def _chosen(request: Request, place: Place, filters: Filters) -> Any:
    if request.POST.get("everything") == "1":
        return filters.rows(place)
    numbers = [int(word) for word in ",".join(request.POST.getlist("ids")).split(",") if word.isdecimal()]
    return place.project.tests.alive().filter(pk__in=numbers[:MOST_AT_ONCE])


def _decided(place: Place, rows: Any, action: str, reason: str) -> list[Test]:
    """The tests that the action changed; those which somebody else decided meanwhile are left alone."""
    changed: list[Test] = []
    with transaction.atomic():
        for test in rows.select_for_update().order_by("pk").defer("document", "evidence")[:MOST_AT_ONCE]:
            try:
                test.decide(action, place.person, reason)
            except reviewing.ReviewRefused:
                continue
            changed.append(test)
        if len(changed) == 1:
            place.note(f"test {reviewing.PAST[action]}", changed[0].public_id, reason)
        elif changed:
            place.note(f"tests {reviewing.PAST[action]}", place.project.public_id, f"{len(changed)} tests")
    place.__dict__.pop("waiting", None)
    return changed


def _told(changed: list[Test], action: str) -> str:
    if not changed:
        return "Nothing changed: somebody else was quicker."
    past = reviewing.PAST[action].capitalize()
    return f"{past}: {changed[0].title}" if len(changed) == 1 else f"{past}: {len(changed)} tests"


@page
@require_POST
def decide_one(request: Request, test: str) -> HttpResponse:
    place, row = found_test(request, test, QA_LEAD)
    action = request.POST.get("action", "")
    if action not in reviewing.ACTIONS:
        return HttpResponseBadRequest("action must be approve, reject or restore")
    changed = _decided(place, Test.objects.filter(pk=row.pk), action, request.POST.get("reason", "").strip())
    messages.success(request, _told(changed, action))
    return redirect("test", test)
