"""Searching a project: an id leads there at once; words find tests, runs and pages."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from projects.models import Test
from projects.models.public import number_of
from projects.place import Place, SignedInRequest, page, place_of
from runs.models import CrawlPage, Run
from runs.views.queue import matching
from runs.views.tallies import with_tallies

MOST = 20


@page
def search(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project)
    # PostgreSQL takes no NUL in a text.
    query = request.GET.get("q", "").replace("\0", "").strip()[:200]
    there = _address_of(request, place, query)
    if there:
        return redirect(there)
    return render(request, "runs/search.html", {"here": "", "place": place, "q": query, **_found(place, query)})


def _address_of(request: SignedInRequest, place: Place, query: str) -> str:
    """Where the id of a run, or of a test of this project, leads; "" for other words."""
    word = query.upper()
    if Run.objects.visible_to(request.user).filter(pk=number_of(Run.PREFIX, word) or 0).exists():
        return reverse("run", args=[word])
    if place.project.tests.alive().filter(pk=number_of(Test.PREFIX, word) or 0).exists():
        return reverse("test", args=[word])
    return ""


def _found(place: Place, query: str) -> dict[str, Any]:
    """At most MOST of each kind, and one more where there are more."""
    if not query:
        return {"tests": [], "lines": [], "pages": [], "most": MOST}
    tests = matching(place.project.tests.alive().defer("document"), query=query).order_by("pk")
    runs = Run.objects.filter(_run(query), project=place.project).defer("options", "site")
    return {
        "tests": list(tests[: MOST + 1]),
        "lines": with_tallies(list(runs.select_related("environment")[: MOST + 1])),
        "pages": _pages(place, query),
        "most": MOST,
    }


def _run(query: str) -> Q:
    """Runs by what people know of them: a number, who asked, where, and the commit."""
    found = Q(actor_name__icontains=query) | Q(environment__name__icontains=query) | Q(error__icontains=query)
    found |= Q(commit__branch__icontains=query) | Q(commit__sha__istartswith=query)
    return found | Q(pk=int(query)) if query.isdecimal() and len(query) < 10 else found


def _pages(place: Place, query: str) -> list[CrawlPage]:
    """Pages by address, title or number, each as it was seen last."""
    crawl = Run.objects.filter(project=place.project, kind="crawl", pages__isnull=False).order_by("-pk").first()
    if crawl is None:
        return []
    words = Q(url__icontains=query) | Q(title__icontains=query) | Q(action__icontains=query)
    if query.isdecimal() and len(query) < 10:
        words |= Q(pk=int(query))
    rows = CrawlPage.objects.filter(words, run=crawl).defer("snapshot").select_related("run")
    return list(rows.order_by("depth", "pk")[: MOST + 1])
