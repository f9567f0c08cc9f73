from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import QA_LEAD, person
from projects.api.endpoint import note, shown
from projects.api.idempotency import idempotent
from projects.api.parsing import body
from projects.api.problems import Invalid
from projects.models import Project, Test
from projects.models.public import number_of
from projects.models.test import TestQuerySet
from projects.reviewing import PAST, ReviewRefused
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import BulkReview, Nothing, Rejection
from runs.api.outputs import BulkOut, ReturnedOut, TestDetailOut
from runs.api.tests import chosen


class Decision(RunsEndpoint):
    """One action of the review on one test."""

    action: str

    def decide(self, request: Request, test: str, reason: str = "") -> Response:
        with transaction.atomic():
            row = self.locked_test(request, test, QA_LEAD)
            row.decide(self.action, person(request.user), reason)
            note(request, row.project, f"test {PAST[self.action]}", row.public_id, reason)
        return shown(row, TestDetailOut(row).data)


class Approve(Decision):
    action = "approve"

    @extend_schema(request=Nothing, responses=TestDetailOut)
    @idempotent
    def post(self, request: Request, test: str) -> Response:
        body(request, Nothing)
        return self.decide(request, test)


class Restore(Approve):
    action = "restore"


class Reject(Decision):
    action = "reject"

    @extend_schema(request=Rejection, responses=TestDetailOut)
    @idempotent
    def post(self, request: Request, test: str) -> Response:
        return self.decide(request, test, body(request, Rejection).reason)


class Bulk(RunsEndpoint):
    """Every test whose state allows the action is changed; the others are named with the reason."""

    @extend_schema(request=BulkReview, responses=BulkOut)
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        review = body(request, BulkReview)
        project_row = self.project(request, project, QA_LEAD)
        with transaction.atomic():
            rows = _meant(project_row, review)
            # In one order, so that decisions about many never wait in a circle; refusals name the state read here.
            states = dict(rows.select_for_update().order_by("pk").values_list("pk", "review_status"))
            changed = rows.decide_all(review.action, person(request.user), review.reason).tests
            if changed:
                note(
                    request, project_row, f"tests {PAST[review.action]}", project_row.public_id, f"{len(changed)} tests"
                )
        refused = {number: str(ReviewRefused(states[number], review.action)) for number in states.keys() - set(changed)}
        return Response(
            {"changed": _names(changed), "refused": {f"{Test.PREFIX}-{n}": refused[n] for n in sorted(refused)}}
        )


class BackToReview(RunsEndpoint):
    """What the score of a crawl has approved, and no person since, waits for review again."""

    @extend_schema(request=Nothing, responses=ReturnedOut)
    @idempotent
    def post(self, request: Request, run: str) -> Response:
        body(request, Nothing)
        found = self.run(request, run, QA_LEAD)
        with transaction.atomic():
            rows = found.project.tests.by_score().filter(crawl_run=found.pk)
            changed = rows.decide_all("restore", person(request.user)).tests
            if changed:
                note(request, found.project, "tests restored", found.public_id, f"{len(changed)} tests")
        return Response({"changed": _names(changed)})


def _names(numbers: Sequence[int]) -> list[str]:
    return [f"{Test.PREFIX}-{number}" for number in numbers]


def _meant(project: Project, review: BulkReview) -> TestQuerySet:
    """The tests meant. Raises Invalid for ids of no living test of the project."""
    if review.filter is not None:
        return chosen(project, review.filter)
    numbers = [number_of(Test.PREFIX, name) for name in review.ids or ()]
    rows = project.tests.alive().filter(pk__in=[number for number in numbers if number is not None])
    known = set(rows.values_list("pk", flat=True))
    wrong = {
        f"ids[{index}]": f"The project has no test {(review.ids or ())[index]}."
        for index, number in enumerate(numbers)
        if number not in known
    }
    if wrong:
        raise Invalid(wrong)
    return rows
