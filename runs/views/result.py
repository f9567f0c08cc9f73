"""One result: what was done, what was expected, what was seen."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from projects.place import SignedInRequest, page
from runs import reading, states, storage
from runs.models import Attempt, Result, Run
from runs.report import Diagnosis
from runs.views import flaky
from runs.views.planned import SKIPS
from runs.views.run import found_run

KINDS = {
    "expectation": "Something was not as expected.",
    "not_found": "An element was not found.",
    "timeout": "It took too long.",
    "navigation": "A page could not be opened.",
    "script": "The page's own script broke.",
    "hidden": "The page hides its elements from the browser's driver.",
    "blocked": "The address may not be reached from here.",
    "crash": "The browser or the worker crashed.",
    "document": "The test itself is wrong.",
}


@page
@never_cache
def result(request: SignedInRequest, run: str, result: int) -> HttpResponse:
    place, row = found_run(request, run)
    shown = row.results.select_related("test", "lease__shard").filter(pk=result).first()
    if shown is None:
        raise Http404
    attempts = list(shown.attempts.select_related("lease").prefetch_related("artifacts"))
    attempt = _chosen(attempts, request.GET.get("attempt", ""))
    diagnosis, known = reading.diagnosis(shown), reading.history(shown)
    context = {
        "here": "runs",
        "place": place,
        "run": row,
        "result": shown,
        "attempts": attempts,
        "attempt": attempt,
        "skipped_because": SKIPS.get(shown.skip_reason, ""),
        "kind": KINDS.get((attempt.failure or {}).get("kind", ""), "") if attempt else "",
        "diagnosis": diagnosis,
        "cause": _cause(diagnosis, attempts, attempt),
        "known": known,
        "flaky": flaky.why(shown, attempts, known, diagnosis),
        "earlier": _earlier(shown, row),
        **_neighbours(shown, row),
    }
    if attempt:
        context |= _files(request, attempt)
    return render(request, "runs/result.html", context)


def _chosen(attempts: list[Attempt], number: str) -> Attempt | None:
    """The attempt that was asked for, else the one that decided."""
    if number:
        found = next((attempt for attempt in attempts if str(attempt.number) == number), None)
        if found is None:
            raise Http404
        return found
    return attempts[-1] if attempts else None


def _cause(diagnosis: Diagnosis | None, attempts: list[Attempt], shown: Attempt | None) -> str:
    """What explains the failure of the attempt that decided, where its message does not say it itself."""
    if diagnosis is None or shown is None or shown != attempts[-1]:
        return ""
    return "" if diagnosis.cause in (shown.failure or {}).get("message", "") else diagnosis.cause


def _files(request: SignedInRequest, attempt: Attempt) -> dict[str, Any]:
    links = {file.kind: storage.signed_url(file) for file in attempt.artifacts.all()}
    trace = links.get("trace")
    viewer = f"/trace-viewer/index.html?{urlencode({'trace': request.build_absolute_uri(trace)})}" if trace else ""
    return {"screenshot": links.get("screenshot"), "trace": trace, "viewer": viewer, "video": links.get("video")}


def _earlier(result: Result, run: Run) -> list[Result]:
    """The same test in the runs before."""
    if result.test_id is None:
        return []
    same = Result.objects.filter(test=result.test_id, row_index=result.row_index, run__lt=run.pk, run__kind="test")
    return list(same.filter(status__in=states.RESOLVED).select_related("run").defer("document").order_by("-pk")[:8])


def _neighbours(result: Result, run: Run) -> dict[str, Any]:
    """The failed results before and after this one, to walk through them."""
    failed = run.results.filter(status=states.FAILED).defer("document", "proposal")
    return {
        "previous": failed.filter(position__lt=result.position).last(),
        "next": failed.filter(position__gt=result.position).first(),
    }
