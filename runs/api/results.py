from __future__ import annotations

from typing import Literal

from django.db.models import Prefetch
from pydantic import Field
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import visible_to
from projects.api.listing import Query, page
from projects.api.parsing import query
from projects.api.problems import Invalid
from projects.api.schema import listed, single
from projects.models import Test
from projects.models.public import number_of
from runs import reading
from runs.api.endpoint import RunsEndpoint
from runs.api.serializers import ChangeOut, PageOut, ResultDetailOut, ResultOut
from runs.models import Attempt, Change, CrawlPage, Result


class ResultQuery(Query):
    status: Literal["pending", "running", "passed", "flaky", "failed", "skipped"] | None = None
    test: str | None = Field(default=None, max_length=30)
    search: str | None = Field(default=None, max_length=200, description="part of the title or the error")


class ResultList(RunsEndpoint):
    """In dispatch order."""

    @listed(ResultQuery, ResultOut)
    def get(self, request: Request, run: str) -> Response:
        params = query(request, ResultQuery)
        rows = Result.objects.filter(run=self.run(request, run)).select_related("lease__shard")
        # A list shows none of these, which may be large.
        rows = rows.defer("document", "row", "proposal")
        if params.status:
            rows = rows.filter(status=params.status)
        if params.test is not None:
            rows = rows.filter(test=_number(params.test))
        if params.search:
            rows = rows.filter(title__icontains=params.search) | rows.filter(error__icontains=params.search)
        return page(request, rows, params, lambda found: ResultOut(found, many=True).data, default="position")


class ResultDetail(RunsEndpoint):
    @single(ResultDetailOut)
    def get(self, request: Request, result: int) -> Response:
        attempts = Attempt.objects.select_related("lease__shard").prefetch_related("artifacts")
        rows = Result.objects.filter(run__project__in=visible_to(request.user)).select_related("lease__shard", "run")
        found = rows.prefetch_related(Prefetch("attempts", attempts)).filter(pk=result).first()
        if found is None:
            raise NotFound(f"There is no result {result} that you may see.")
        return Response(ResultDetailOut(found, context={"request": request}).data)


class PageQuery(Query):
    status: Literal["pending", "running", "done", "failed", "skipped"] | None = None
    kind: Literal["link", "action", "form"] | None = Field(default=None, description="what led there")
    template: str | None = Field(default=None, max_length=80)
    role: str | None = Field(default=None, max_length=80, description="sign-in that it was visited as")
    search: str | None = Field(default=None, max_length=200, description="part of the address or the title")


class PageList(RunsEndpoint):
    """Pages of a crawl in the order in which they were found, and how many there are of each template."""

    @listed(PageQuery, PageOut)
    def get(self, request: Request, run: str) -> Response:
        params = query(request, PageQuery)
        every = CrawlPage.objects.filter(run=self.run(request, run))
        rows = every
        if params.status:
            rows = rows.filter(status=params.status)
        if params.kind:
            rows = rows.filter(kind=params.kind)
        if params.template is not None:
            rows = rows.filter(template=params.template)
        if params.role is not None:
            rows = rows.filter(role=params.role)
        if params.search:
            rows = rows.filter(url__icontains=params.search) | rows.filter(title__icontains=params.search)
        answer = page(request, rows, params, lambda found: PageOut(found, many=True).data, default="pk")
        answer.data["templates"] = dict(sorted(reading.counted_by(every.exclude(template=""), "template").items()))
        return answer


class ChangeQuery(Query):
    held_back: bool | None = Field(default=None, description="held back by read-only mode, or sent")
    cleaned: bool | None = Field(default=None, description="what it created was removed again, or not")


class ChangeList(RunsEndpoint):
    """Requests of a crawl that could have changed something, in the order in which they were sent."""

    @listed(ChangeQuery, ChangeOut)
    def get(self, request: Request, run: str) -> Response:
        params = query(request, ChangeQuery)
        plain = params.model_dump(include={"held_back", "cleaned"}, exclude_none=True)
        rows = Change.objects.filter(run=self.run(request, run), **plain)
        return page(request, rows, params, lambda found: ChangeOut(found, many=True).data, default="pk")


def _number(public_id: str) -> int:
    number = number_of(Test.PREFIX, public_id)
    if number is None:
        raise Invalid({"test": "Write a test's id, such as TC-1."})
    return number
