"""Tests of a project: their documents, versions and review."""

from __future__ import annotations

from typing import Any, Literal

from django.db import transaction
from drf_spectacular.utils import extend_schema
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import ADMIN, QA_LEAD, person
from projects.api.endpoint import created, note, shown
from projects.api.idempotency import idempotent
from projects.api.listing import Ordered, Query, page
from projects.api.parsing import body, query
from projects.api.problems import Invalid
from projects.api.schema import listed, single
from projects.models import Project, Test, TestVersion
from projects.models.public import number_of
from projects.models.test import TestQuerySet
from runs.api.documents import accepted
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import NewTest, ReviewStatus, Score, TestChoice, TestEdit
from runs.api.outputs import TestDetailOut, TestOut, VersionOut
from runs.models import Run


class TestQuery(Ordered):
    __test__ = False

    review_status: ReviewStatus | None = None
    origin: Literal["crawl", "person"] | None = None
    family: str | None = Field(default=None, max_length=40)
    template: str | None = Field(default=None, max_length=80)
    crawl_run: str | None = Field(default=None, max_length=30)
    min_score: Score | None = None
    max_score: Score | None = None
    approved_by_score: bool | None = None
    stale: bool | None = Field(default=None, description="whether what it tests is gone")
    search: str | None = Field(default=None, max_length=200, description="part of the title or the page's address")

    @classmethod
    def orderings(cls) -> dict[str, str]:
        return {"created_at": "created_at", "updated_at": "updated_at", "title": "title"}


class TestList(RunsEndpoint):
    __test__ = False

    @listed(TestQuery, TestOut)
    def get(self, request: Request, project: str) -> Response:
        params = query(request, TestQuery)
        rows = chosen(self.project(request, project), params).select_related("reviewed_by")
        return page(request, rows, params, lambda found: TestOut(found, many=True).data, default="pk")

    @extend_schema(request=NewTest, responses={201: TestDetailOut})
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        new = body(request, NewTest)
        project_row = self.project(request, project, QA_LEAD)
        document = accepted(new.document, project_row)
        with transaction.atomic():
            row = Test.write(project_row, person(request.user), document["title"], document)
        return created(request, row, TestDetailOut(row).data, f"/api/v1/tests/{row.public_id}")


class TestDetail(RunsEndpoint):
    __test__ = False

    @single(TestDetailOut)
    def get(self, request: Request, test: str) -> Response:
        row = self.test(request, test)
        return shown(row, TestDetailOut(row).data)

    @extend_schema(request=TestEdit, responses=TestDetailOut)
    @idempotent
    def patch(self, request: Request, test: str) -> Response:
        """A new version; the test returns to draft."""
        edit = body(request, TestEdit)
        with transaction.atomic():
            row = self.locked_test(request, test, QA_LEAD)
            document = dict(row.document if edit.document is None else edit.document)
            document |= {"title": edit.title} if edit.title is not None else {}
            document = accepted(document, row.project, row)
            row.edit(person(request.user), document["title"], document)
        return shown(row, TestDetailOut(row).data)

    @extend_schema(responses={204: None})
    @idempotent
    def delete(self, request: Request, test: str) -> Response:
        with transaction.atomic():
            row = self.locked_test(request, test, ADMIN)
            row.delete_softly()
            note(request, row.project, "test deleted", row.public_id, row.title)
        return Response(status=204)


class VersionList(RunsEndpoint):
    """Versions of a test, the newest first."""

    @listed(Query, VersionOut)
    def get(self, request: Request, test: str) -> Response:
        params = query(request, Query)
        rows = TestVersion.objects.filter(test=self.test(request, test)).select_related("author")
        return page(request, rows, params, lambda found: VersionOut(found, many=True).data)


def chosen(project: Project, choice: TestQuery | TestChoice) -> TestQuerySet:
    """Living tests of a project by the fields of a query or a bulk filter. Raises Invalid."""
    rows: TestQuerySet = project.tests.alive()
    plain: dict[str, Any] = choice.model_dump(
        include={"review_status", "origin", "family", "template", "approved_by_score"}, exclude_none=True
    )
    scores = {"score__gte": choice.min_score, "score__lte": choice.max_score}
    rows = rows.filter(**plain, **{name: limit for name, limit in scores.items() if limit is not None})
    if choice.stale is not None:
        rows = rows.filter(stale_since__isnull=not choice.stale)
    if choice.crawl_run is not None:
        number = number_of(Run.PREFIX, choice.crawl_run)
        if number is None:
            raise Invalid({"crawl_run": "Write a run's id, such as RUN-1."})
        rows = rows.filter(crawl_run=number)
    if choice.search:
        rows = rows.filter(title__icontains=choice.search) | rows.filter(page_url__icontains=choice.search)
    return rows
