from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.exceptions import NotFound
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from projects.api.parsing import query
from projects.models import Test
from runs import reading
from runs.api.endpoint import RunsEndpoint
from runs.exporters import EXPORTERS, ResultLine
from runs.models import Run


class ReportQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str = Field(default="json", max_length=20)


class ByQuery(BaseContentNegotiation):
    """The format stands in the query; Accept has no say, and problems are JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next(iter(parsers))

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class Report(RunsEndpoint):
    content_negotiation_class = ByQuery

    @extend_schema(
        parameters=[OpenApiParameter("format", {"type": "string", "enum": list(EXPORTERS)})],
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "application/xml"): OpenApiTypes.STR,
        },
    )
    def get(self, request: Request, run: str) -> HttpResponse:
        params = query(request, ReportQuery)
        exporter = EXPORTERS.get(params.format)
        if exporter is None:
            raise NotFound(f"There is no report in this format; there are {', '.join(EXPORTERS)}.")
        found = self.run(request, run)
        text = exporter.write(reading.report(found), list(_lines(found)))
        answer = HttpResponse(text, content_type=f"{exporter.content_type}; charset=utf-8")
        answer["Content-Disposition"] = f'inline; filename="{found.public_id}.{exporter.suffix}"'
        return answer


def _lines(run: Run) -> Iterable[ResultLine]:
    # A run may have 100,000 results; what is large and not reported is not read.
    for result in run.results.defer("document", "row", "proposal"):
        yield ResultLine(
            test=f"{Test.PREFIX}-{result.test_id}" if result.test_id else "",
            title=result.title,
            status=result.status,
            skip_reason=result.skip_reason,
            error=result.error,
            error_kind=result.error_kind,
            attempts=result.attempt_count,
            duration_ms=result.duration_ms,
        )
