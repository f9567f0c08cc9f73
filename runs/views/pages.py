"""What the last crawl saw: templates, forms, addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render

from projects.place import Place, SignedInRequest, page, place_of
from runs import reading, states
from runs.models import CrawlPage, Run
from runs.views.role_access import role_access_of

PER_PAGE = 50
MOST_TEMPLATES = 100


@dataclass(frozen=True)
class Template:
    """Pages of one shape."""

    name: str
    count: int
    example: CrawlPage
    tests: int

    @property
    def forms(self) -> list[str]:
        found = (self.example.snapshot or {}).get("forms", ())
        return [form.get("name") or form.get("heading") or form.get("submit") or "form" for form in found]


@page
def pages(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project)
    crawls = Run.objects.filter(project=place.project, kind="crawl").defer("site")
    run = _chosen(crawls, request.GET.get("run", ""))
    context: dict[str, Any] = {"here": "pages", "place": place, "run": run}
    if run:
        context |= _of_crawl(place, run, request) | {"crawls": crawls[:20]}
    return render(request, "runs/_pages.html" if request.htmx else "runs/pages.html", context)


def _chosen(crawls: Any, public_id: str) -> Run | None:
    if not public_id:
        newest: Run | None = crawls.exclude(status=states.QUEUED).first() or crawls.first()
        return newest
    try:
        found: Run = crawls.by_public_id(public_id)
    except Run.DoesNotExist as error:
        raise Http404 from error
    return found


def _of_crawl(place: Place, run: Run, request: SignedInRequest) -> dict[str, Any]:
    state, template, role = (request.GET.get(name, "") for name in ("state", "template", "role"))
    # A snapshot holds all that was read of a page.
    rows = CrawlPage.objects.filter(run=run).defer("snapshot")
    if state in states.PAGE_STATES:
        rows = rows.filter(status=state)
    if template:
        rows = rows.filter(template=template)
    if role:
        rows = rows.filter(role=role)
    counts = reading.page_counts(run.pk)
    return {
        "rows": Paginator(rows.order_by("status", "depth", "pk"), PER_PAGE).get_page(request.GET.get("page")),
        "counts": counts,
        "states": [(name, getattr(counts, name)) for name in states.PAGE_STATES],
        "state": state,
        "template": template,
        "role": role,
        "reach": role_access_of(run),
        "templates": _templates(place, run),
    }


def _templates(place: Place, run: Run) -> list[Template]:
    covered = reading.counted_by(place.project.tests.alive(), "template")
    kinds = reading.visited_page_kinds(run, MOST_TEMPLATES)
    return [Template(name, count, example, covered.get(name, 0)) for name, count, example in kinds]
