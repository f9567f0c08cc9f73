"""Runs: the list, one run live, and what can be done to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Value, When
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from projects.access import QA_LEAD, VIEWER, name_of
from projects.place import Place, SignedInRequest, page, place_of
from runs import ledger, states
from runs.models import Case as TrialCase
from runs.models import Change, CrawlPage, Result, Run, RunEvent
from runs.views.causes import panel
from runs.views.overview import run_request
from runs.views.pipeline import end_of, strip_of
from runs.views.planned import decisions
from runs.views.story import lines
from runs.views.tallies import segments, with_tallies
from runs.views.timeline import lanes
from runs.views.waiting import of_run

PER_PAGE = 30
ROWS = 200
CHANGES_SHOWN = 50
URGENCY = {states.FAILED: 0, states.RUNNING: 1, states.FLAKY: 2, states.PENDING: 3, states.PASSED: 4, states.SKIPPED: 5}


@page
def runs(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project)
    kind = request.GET.get("kind", "")
    found = Run.objects.filter(project=place.project).defer("options", "site").select_related("environment")
    if kind in states.STAGES:
        found = found.filter(kind=kind)
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {"here": "runs", "place": place, "rows": shown, "lines": with_tallies(list(shown)), "kind": kind}
    return render(request, "runs/_runs.html" if request.htmx else "runs/runs.html", context)


def found_run(request: SignedInRequest, public_id: str, needed: str = VIEWER) -> tuple[Place, Run]:
    """A run and its place. 404 for strangers, 403 where the role is too low."""
    try:
        found = (
            Run.objects.visible_to(request.user)
            .select_related("project", "environment", "rerun_of")
            .by_public_id(public_id)
        )
    except Run.DoesNotExist as error:
        raise Http404 from error
    return place_of(request, found.project_id, needed), found


@dataclass(frozen=True)
class Progress:
    """How far a run is; numbers are of what its present stage works on. Of kind `crawl` they are of proofs."""

    numbers: dict[str, int]
    total: int
    elapsed_ms: int
    left_ms: int | None
    kind: str = "test"

    @property
    def resolved(self) -> int:
        return sum(self.numbers.get(state, 0) for state in states.RESOLVED)

    @property
    def parts(self) -> Any:
        return segments(self.numbers, self.total)


def tallies_of(run: Run) -> dict[str, dict[str, int]]:
    """Of the rows that the run's stages work on, by stage."""
    results = Result.objects.filter(run=run).tally()
    if run.kind == "test":
        return {states.EXECUTE: results}
    pages, cases = CrawlPage.objects.filter(run=run).tally(), TrialCase.objects.filter(run=run).tally()
    return {states.CRAWL: pages, states.OBSERVE: cases, states.PROVE: results}


def progress_of(run: Run, tallies: dict[str, dict[str, int]]) -> Progress:
    tally = tallies.get(run.stage) or tallies.get(states.PROVE) or tallies.get(states.EXECUTE) or {}
    kind = "crawl" if tally is tallies.get(states.PROVE) else "test"
    numbers = {**tally, states.PASSED: tally[states.DONE]} if states.DONE in tally else tally
    begun = run.started_at or run.created_at
    elapsed = int(((run.finished_at or timezone.now()) - begun).total_seconds() * 1000)
    progress = Progress(numbers, tally["total"], max(0, elapsed), None, kind)
    if run.status != states.RUNNING or run.kind == "crawl" or progress.resolved < 3:
        return progress
    left = elapsed * (progress.total - progress.resolved) // progress.resolved
    return Progress(numbers, tally["total"], max(0, elapsed), left, kind)


@page
@never_cache
def run(request: SignedInRequest, run: str) -> HttpResponse:
    place, row = found_run(request, run)
    show = request.GET.get("show", "")
    context = _present(place, row, show) | {
        "results": _rows(row, show)[:ROWS],
        "visited": _visited(row)[:ROWS] if row.kind == "crawl" else [],
        "lines": lines(row),
        "rows": _changes(row, request.GET.get("page", "1")) if row.kind == "crawl" else None,
        "decisions": decisions(row),
        "options": {name: value for name, value in row.options.items() if value not in (None, [], "")},
    }
    return render(request, "runs/run.html", context)


def _present(place: Place, row: Run, show: str) -> dict[str, Any]:
    """What changes all the time and is small."""
    tallies = tallies_of(row)
    tally = tallies[states.EXECUTE if row.kind == "test" else states.PROVE]
    return {
        "here": "runs",
        "place": place,
        "run": row,
        "show": show if show in states.RESULT_STATES else "",
        "seq": row.last_seq,
        "progress": progress_of(row, tallies),
        "tally": tally,
        "causes": panel(row, tally[states.FAILED]),
        "stages": strip_of(row, tallies),
        "end": end_of(row),
        "unproved": ledger.unproved(row).count() if row.kind == "crawl" and row.is_over else 0,
        "by_score": place.project.tests.by_score().filter(crawl_run=row.pk).count() if row.kind == "crawl" else 0,
        "lanes": lanes(row),
        "waits": of_run(row),
        "of_ideal": of_ideal(row),
    }


def of_ideal(row: Run) -> int | None:
    """How near to ideal the work was shared out, in per cent; None where there is nothing to say."""
    found = row.makespan
    return round(100 * found["ideal_ms"] / found["achieved_ms"]) if found and found["achieved_ms"] else None


def _rows(row: Run, show: str) -> Any:
    """Results, the urgent ones first."""
    found = Result.objects.filter(run=row).defer("document", "proposal").select_related("lease__shard")
    if show in states.RESULT_STATES:
        found = found.filter(status=show)
    urgency = Case(
        *(When(status=status, then=Value(rank)) for status, rank in URGENCY.items()), output_field=IntegerField()
    )
    return found.order_by(urgency, "position")


def _visited(row: Run) -> Any:
    seen = CrawlPage.objects.filter(run=row, visited_at__isnull=False)
    return seen.defer("snapshot").order_by("-visited_at", "-pk")


def _changes(row: Run, number: str) -> Any:
    """Requests of a crawl that could have changed something, the newest first."""
    return Paginator(Change.objects.filter(run=row).order_by("-pk"), PER_PAGE).get_page(number)


@page
@never_cache
def news(request: SignedInRequest, run: str) -> HttpResponse:
    """What has changed since event `after`: the same fragments that the page is made of."""
    place, row = found_run(request, run)
    text, show = request.GET.get("after", "0"), request.GET.get("show", "")
    after = int(text) if text.isdecimal() and len(text) < 10 else 0
    events = RunEvent.objects.filter(run=row, seq__gt=after, type__in=("result", "test_started", "attempt", "page"))
    # A result has several events: its begin, its attempts, its end.
    data = [event.data for event in events.order_by("-seq")[: 4 * ROWS]]
    numbers = {item["result"] for item in data if "result" in item}
    pages = {item["page"] for item in data if "page" in item}
    changed = (
        Result.objects.filter(run=row, pk__in=numbers).defer("document", "proposal").select_related("lease__shard")
    )
    context = _present(place, row, show) | {
        "results": changed.order_by("position")[:ROWS],
        "visited": _visited(row).filter(pk__in=pages)[:ROWS],
        "lines": lines(row, after),
        "rows": _changes(row, "1") if row.kind == "crawl" else None,
    }
    return render(request, "runs/_news.html", context)


@page
@require_POST
def abort(request: SignedInRequest, run: str) -> HttpResponse:
    _, row = found_run(request, run, QA_LEAD)
    try:
        ledger.abort(row.pk, name_of(request.user))
    except ledger.Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("run", run)


@page
@require_POST
def rerun(request: SignedInRequest, run: str) -> HttpResponse:
    """The same again, or only what failed. Asks first where the project's values or tests are others since."""
    place, row = found_run(request, run, QA_LEAD)
    values, only = request.POST.get("values"), request.POST.get("only")
    asks = row.is_over and values not in ("then", "now")
    changed = ledger.otherwise(row, only_failed=only == "failed") if asks else []
    try:
        if changed:
            ledger.repeatable(row)
            shown, more = changed[:CHANGES_SHOWN], max(0, len(changed) - CHANGES_SHOWN)
            asking = {"here": "runs", "place": place, "run": row, "changed": shown, "more": more, "only": only}
            # Nothing was started: the person decides which of the two is meant (decisions 39 and 53).
            return render(request, "runs/rerun.html", asking, status=409)
        again = ledger.repeat(row, run_request(request, place), only_failed=only == "failed", as_now=values == "now")
    except ledger.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("run", run)
    return redirect("run", again.public_id)


@page
@require_POST
def prove_rest(request: SignedInRequest, run: str) -> HttpResponse:
    """Proves what a crawl has left unproved for want of time."""
    place, row = found_run(request, run, QA_LEAD)
    try:
        again = ledger.prove_rest(row, run_request(request, place))
    except ledger.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("run", run)
    return redirect("run", again.public_id)
