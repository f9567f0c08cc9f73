from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from drf_spectacular.utils import extend_schema
from pydantic import AwareDatetime, Field
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import QA_LEAD, name_of
from projects.api.idempotency import idempotent
from projects.api.listing import Ordered, page
from projects.api.parsing import body, query
from projects.api.problems import Invalid
from projects.api.schema import listed, single
from projects.models import Project
from projects.models.public import number_of
from runs import ledger, reading
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import Nothing
from runs.api.serializers import RunOut
from runs.models import Run


class RunQuery(Ordered):
    project: str | None = Field(default=None, max_length=30)
    kind: Literal["crawl", "test"] | None = None
    status: Literal["queued", "running", "judging", "completed", "failed", "aborted"] | None = None
    verdict: Literal["passed", "failed", "empty"] | None = None
    trigger: Literal["person", "api", "ci", "schedule", "demo", "trial"] | None = None
    since: AwareDatetime | None = Field(default=None, description="created at this time or later")
    search: str | None = Field(default=None, max_length=200, description="part of the actor's or project's name")


class RunList(RunsEndpoint):
    @listed(RunQuery, RunOut)
    def get(self, request: Request) -> Response:
        params = query(request, RunQuery)
        rows = Run.objects.visible_to(request.user)
        plain = params.model_dump(include={"kind", "status", "verdict", "trigger"}, exclude_none=True)
        rows = rows.filter(**plain)
        if params.project is not None:
            number = number_of(Project.PREFIX, params.project)
            if number is None:
                raise Invalid({"project": "Write a project's id, such as PRJ-1."})
            rows = rows.filter(project=number)
        if params.since is not None:
            rows = rows.filter(created_at__gte=params.since)
        if params.search:
            rows = rows.filter(actor_name__icontains=params.search) | rows.filter(
                project__name__icontains=params.search
            )
        return page(request, rows, params, described)


class RunDetail(RunsEndpoint):
    @single(RunOut)
    def get(self, request: Request, run: str) -> Response:
        return Response(described([self.run(request, run)])[0])


class Abort(RunsEndpoint):
    @extend_schema(request=Nothing, responses={202: RunOut})
    @idempotent
    def post(self, request: Request, run: str) -> Response:
        body(request, Nothing)
        found = self.run(request, run, QA_LEAD)
        ledger.abort(found.pk, name_of(request.user))
        found.refresh_from_db()
        # The run is over; its workers close their browsers within two seconds (R20).
        return Response(described([found])[0], status=202)


def described(runs: Sequence[Run]) -> Any:
    """Runs with their counts, which take two queries however many runs there are."""
    numbers = [run.pk for run in runs]
    context = {"results": reading.counts_of(numbers), "pages": reading.page_counts_of(numbers)}
    return RunOut(runs, many=True, context=context).data
