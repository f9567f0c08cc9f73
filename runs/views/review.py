"""The review queue: evidence first, one key a decision, everything can be undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from projects import reviewing
from projects.access import QA_LEAD, name_of
from projects.models import Test
from projects.models.test import TestQuerySet
from projects.place import Place, SignedInRequest, page, place_of
from projects.reviewing import Decided
from runs.views.queue import Filters, queue
from runs.views.run import found_run
from runs.views.tests import found_test

MOST_BY_NAME = 10_000
UNDO, UNDO_SECONDS = "review.undo", 86_400
WRONG_ACTION = "action must be approve, reject or restore"
NOTHING_LEFT = "Nothing changed: others have decided about these or edited them meanwhile."
REASONS = (
    "Not worth testing",
    "Duplicate",
    "Checks too little",
    "Expects the wrong thing",
    "Not stable",
    "Unsafe to run",
)


@page
def review(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project)
    return _shown(request, place, "runs/_queue.html" if request.htmx else "runs/review.html")


def _shown(request: SignedInRequest, place: Place, template: str = "runs/_queue.html", **more: Any) -> HttpResponse:
    # The number of tests that wait was counted before the decision.
    place.__dict__.pop("waiting", None)
    return render(request, template, queue(place, Filters.from_query(request.GET)) | {"reasons": REASONS} | more)


@page
@require_POST
def decide(request: SignedInRequest, project: str) -> HttpResponse:
    """One decision about some tests: `ids`, or without any, `everything` that the address's filters match.

    Ids are comma-separated; "7:2" is test 7 only as long as 2 is its version, "7" whatever it is. Everything is what
    the page counted: tests up to `until`, as they were when `newest` was the newest version of all, and own edits.
    """
    place = place_of(request, project, QA_LEAD)
    action, reason = asked_of(request)
    if action not in reviewing.ACTIONS:
        return HttpResponseBadRequest(WRONG_ACTION)
    choice = _chosen(request, place)
    decided = _decided(place, choice.rows, action, reason)
    return _answered(request, place, _message(choice, decided, action), decided)


@dataclass(frozen=True)
class Choice:
    """The tests that are meant: named ones, or all that were counted; and those that still stand as they were shown."""

    named: TestQuerySet | None
    rows: TestQuerySet
    expected: int


def _chosen(request: SignedInRequest, place: Place) -> Choice:
    filters = Filters.from_query(request.GET)
    ids = [word for word in ",".join(request.POST.getlist("ids")).split(",") if word]
    if not ids and request.POST.get("everything") == "1":
        until, newest, expected = (_number(request.POST.get(name, "")) for name in ("until", "newest", "expected"))
        # What the page counted and no more: whoever decides has not seen what came or was edited since (decision 26).
        found = filters.rows(place).filter(pk__lte=until).as_known(newest, place.person)
        return Choice(None, found, expected)
    parted = (word.partition(":") for word in ids[:MOST_BY_NAME])
    shown = {_number(number): _number(version) for number, _, version in parted}
    shown.pop(0, None)
    named = place.project.tests.alive().filter(pk__in=shown)
    return Choice(named, filters.beside(place).filter(_as_shown(shown)), len(shown))


def _as_shown(shown: Mapping[int, int]) -> Q:
    """Tests by number that still have the version that was shown; 0 is any."""
    by_version: dict[int, list[int]] = defaultdict(list)
    for number, version in shown.items():
        by_version[version].append(number)
    found = Q(pk__in=by_version.pop(0, []))
    for version, numbers in by_version.items():
        found |= Q(pk__in=numbers, version=version)
    return found


def _number(text: str) -> int:
    # Eighteen digits fit into a key of the database; more may not.
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def asked_of(request: SignedInRequest) -> tuple[str, str]:
    """Action and reason; a button with a reason on it rejects for that one."""
    # PostgreSQL takes no NUL in a text.
    because, reason = (request.POST.get(name, "").replace("\0", "").strip() for name in ("because", "reason"))
    if because:
        return "reject", because
    return request.POST.get("action", ""), reason


def _decided(place: Place, rows: TestQuerySet, action: str, reason: str) -> Decided:
    with transaction.atomic():
        decided = rows.decide_all(action, place.person, reason)
        tests = decided.tests
        if len(tests) == 1:
            place.note(f"test {reviewing.PAST[action]}", f"{Test.PREFIX}-{tests[0]}", reason)
        elif tests:
            detail = f"{len(tests)} tests: {reason}" if reason else f"{len(tests)} tests"
            place.note(f"tests {reviewing.PAST[action]}", place.project.public_id, detail)
    return decided


def _message(choice: Choice, decided: Decided, action: str) -> str:
    """What was done, and what others had done meanwhile."""
    count, left = len(decided.tests), choice.expected - len(decided.tests)
    if count == 0:
        named = choice.named if choice.expected == 1 else None
        return NOTHING_LEFT if named is None else _meanwhile(named)
    past = reviewing.PAST[action].capitalize()
    if count == 1 and left <= 0:
        return f"{past}: {_title(decided)}"
    were = "was" if left == 1 else "were"
    others = f"; {left} had been decided or changed meanwhile and {were} left out" if left > 0 else ""
    return f"{past}: {count} test{'s' if count != 1 else ''}{others}"


def _title(decided: Decided) -> str:
    return Test.objects.values_list("title", flat=True).get(pk=decided.tests[0])


def _meanwhile(named: TestQuerySet) -> str:
    test = named.select_related("reviewed_by").first()
    if test is None:
        return "Nothing changed: there is no such test any more."
    if test.reviewed_at is None:
        return "Nothing changed: somebody has edited the test meanwhile. Look at it again."
    who = name_of(test.reviewed_by) if test.reviewed_by else "The score" if test.approved_by_score else "Somebody"
    return f"Nothing changed: {who} was quicker, the test is {reviewing.STATES[test.review_status].lower()}."


def _answered(request: SignedInRequest, place: Place, text: str, decided: Decided | None) -> HttpResponse:
    if not request.htmx:
        messages.success(request, text)
        return redirect(f"{reverse('review', args=[place.project.public_id])}{Filters.from_query(request.GET).address}")
    undo = None
    if decided is not None and decided.tests:
        # Nothing is stored for an undo. Ten thousand numbers are some 30 kB, compressed (decision 26).
        token = signing.dumps(decided.written(), salt=UNDO, compress=True)
        url = f"{reverse('undo', args=[place.project.public_id])}{Filters.from_query(request.GET).address}"
        undo = {"url": url, "token": token}
    return _shown(request, place, toast={"text": text, "undo": undo})


@page
@require_POST
def undo(request: SignedInRequest, project: str) -> HttpResponse:
    """Takes a decision back: what it changed is again as it was, where nobody has touched it since."""
    place = place_of(request, project, QA_LEAD)
    try:
        decided = Decided.read(signing.loads(request.POST.get("token", ""), salt=UNDO, max_age=UNDO_SECONDS))
    except signing.BadSignature:
        return HttpResponseBadRequest("This can no longer be undone.")
    with transaction.atomic():
        count = place.project.tests.alive().take_back(decided, place.person)
        if count:
            place.note("decision undone", place.project.public_id, f"{count} tests")
    return _answered(request, place, _untold(decided, count), None)


def _untold(decided: Decided, count: int) -> str:
    left = len(decided.tests) - count
    if count == 0:
        return "Nothing is undone: others have decided or edited meanwhile."
    if left == 0 and count == 1:
        return f"Undone: {_title(decided)}"
    others = f"; {left} had been decided or edited since and stayed" if left else ""
    return f"Undone: {count} test{'s' if count != 1 else ''}{others}"


@page
@require_POST
def decide_one(request: SignedInRequest, test: str) -> HttpResponse:
    place, row = found_test(request, test, QA_LEAD)
    action, reason = asked_of(request)
    if action not in reviewing.ACTIONS:
        return HttpResponseBadRequest(WRONG_ACTION)
    named = Test.objects.filter(pk=row.pk)
    shown = named.filter(_as_shown({row.pk: _number(request.POST.get("version", ""))}))
    messages.success(request, _message(Choice(named, shown, 1), _decided(place, shown, action, reason), action))
    return redirect("test", test)


@page
@require_POST
def send_back(request: SignedInRequest, run: str) -> HttpResponse:
    """What a crawl's score has approved waits for a person again."""
    place, row = found_run(request, run, QA_LEAD)
    rows = place.project.tests.by_score().filter(crawl_run=row.pk)
    count = len(_decided(place, rows, "restore", "").tests)
    words = "1 test waits" if count == 1 else f"{count} tests wait"
    message = f"{words} for review again." if count else "No test of this crawl is approved by score only."
    messages.success(request, message)
    return redirect("run", run)
