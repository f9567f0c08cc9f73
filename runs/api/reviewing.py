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
from projects.reviewing import PAST, ReviewRefused
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import BulkReview, Nothing, Rejection
from runs.api.serializers import BulkOut, TestDetailOut
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
        asked = body(request, BulkReview)
        of = self.project(request, project, QA_LEAD)
        changed: list[str] = []
        refused: dict[str, str] = {}
        with transaction.atomic():
            for row in _locked(of, asked):
                try:
                    row.decide(asked.action, person(request.user), asked.reason)
                    changed.append(row.public_id)
                except ReviewRefused as error:
                    refused[row.public_id] = str(error)
            if changed:
                note(request, of, f"tests {PAST[asked.action]}", of.public_id, f"{len(changed)} tests")
        return Response({"changed": changed, "refused": refused})


def _locked(project: Project, asked: BulkReview) -> Sequence[Test]:
    """The tests meant, under their row locks. Raises Invalid for ids of no living test of the project."""
    if asked.filter is not None:
        return list(chosen(project, asked.filter).select_for_update().order_by("pk"))
    numbers = [number_of(Test.PREFIX, name) for name in asked.ids or ()]
    known = [number for number in numbers if number is not None]
    rows = {row.pk: row for row in project.tests.alive().select_for_update().order_by("pk").filter(pk__in=known)}
    wrong = {
        f"ids[{index}]": f"The project has no test {(asked.ids or ())[index]}."
        for index, number in enumerate(numbers)
        if number not in rows
    }
    if wrong:
        raise Invalid(wrong)
    return list(rows.values())
