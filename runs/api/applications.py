"""What is known about a project's application, and what a crawl found otherwise."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from pydantic import BaseModel, ConfigDict, Field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.listing import Query, page
from projects.api.parsing import query
from projects.api.problems import Invalid
from projects.api.schema import listed, parameters
from projects.models.public import number_of
from runs import application_map
from runs.api.endpoint import RunsEndpoint
from runs.api.serializers import Public
from runs.application_map import ApplicationMap
from runs.insight import application as insight
from runs.models import Application, Comparison, Difference, Part

KINDS = {"templates": "template", "pages": "page", "forms": "form", "actions": "action", "endpoints": "endpoint",
         "ways": "edge"}  # fmt: skip
What = Literal["new", "changed", "removed"]


class Where(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: str | None = Field(default=None, max_length=30, description="an id; without it, production")


class PartQuery(Query):
    environment: str | None = Field(default=None, max_length=30, description="an id; without it, production")
    template: str | None = Field(default=None, max_length=80, description="pages and ways of this kind of page")
    gone: bool = Field(default=False, description="what is no longer there instead of what is")
    search: str | None = Field(default=None, max_length=200, description="part of the key or the name")


class TallyOut(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    covered = serializers.IntegerField()
    proposed = serializers.IntegerField()
    none = serializers.IntegerField()


class ApplicationOut(serializers.Serializer[ApplicationMap]):
    """How much is known, and how much of it approved tests cover, proposals only, or nothing."""

    project = Public("PRJ", "application.project_id")
    environment = Public("ENV", "application.environment_id", allow_null=True)
    learned_run = Public("RUN", "application.learned_run")
    learned_at = serializers.DateTimeField(source="application.learned_at")
    pages = serializers.IntegerField()
    roles = serializers.ListField(child=serializers.CharField())
    templates = serializers.SerializerMethodField()
    forms = serializers.SerializerMethodField()
    endpoints = serializers.SerializerMethodField()

    @extend_schema_field(TallyOut)
    def get_templates(self, found: ApplicationMap) -> dict[str, int]:
        return _tally(found, "template")

    @extend_schema_field(TallyOut)
    def get_forms(self, found: ApplicationMap) -> dict[str, int]:
        return _tally(found, "form")

    @extend_schema_field(TallyOut)
    def get_endpoints(self, found: ApplicationMap) -> dict[str, int]:
        return _tally(found, "endpoint")


def _tally(found: ApplicationMap, kind: insight.Kind) -> dict[str, int]:
    return {"total": len(found.alive(kind))} | {str(cover): count for cover, count in found.tally(kind).items()}


class PartOut(serializers.ModelSerializer[Part]):
    """`key` names it within its kind; `facts` hold what its kind has, see the guide to the API."""

    first_seen_run = Public("RUN")
    last_seen_run = Public("RUN")
    gone_since_run = Public("RUN", allow_null=True)

    class Meta:
        model = Part
        fields = ["id", "key", "name", "template", "roles", "facts", "first_seen_run", "last_seen_run",
                  "gone_since_run"]  # fmt: skip


class DifferenceOut(serializers.ModelSerializer[Difference]):
    sentence = serializers.SerializerMethodField()

    class Meta:
        model = Difference
        fields = ["kind", "what", "key", "name", "words", "sentence"]

    def get_sentence(self, row: Difference) -> str:
        return application_map.difference_of(row).sentence


class OfApplication(RunsEndpoint):
    def application(self, request: Request, project: str, environment: str | None) -> Application:
        """Raises NotFound before the first crawl, Invalid where the environment is none of the project's."""
        project_row = self.project(request, project)
        place = None
        if environment is not None:
            number = number_of("ENV", environment)
            place = project_row.environments.filter(pk=number).first() if number else None
            if place is None:
                raise Invalid({"environment": f"{project_row.public_id} has no environment {environment}."})
        found = application_map.application_of(project_row, place)
        if found is None:
            where = f"in {place.name}" if place else "in production"
            raise NotFound(f"Nothing is known of {project_row.public_id} {where} before a crawl has ended there.")
        return found


class ApplicationDetail(OfApplication):
    @extend_schema(parameters=parameters(Where), responses={200: ApplicationOut})
    def get(self, request: Request, project: str) -> Response:
        found = self.application(request, project, query(request, Where).environment)
        return Response(ApplicationOut(application_map.map_of(found)).data)


class OpenApi(OfApplication):
    @extend_schema(parameters=parameters(Where), responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, project: str) -> Response:
        """The endpoints that crawls saw, as an OpenAPI 3.1 document."""
        found = self.application(request, project, query(request, Where).environment)
        return Response(application_map.openapi(application_map.map_of(found)))


class PartList(OfApplication):
    """Parts of one kind: templates, pages, forms, actions, endpoints or ways."""

    @listed(PartQuery, PartOut)
    def get(self, request: Request, project: str, kind: str) -> Response:
        params = query(request, PartQuery)
        if kind not in KINDS:
            raise NotFound(f"There are no {kind}; there are {', '.join(KINDS)}.")
        rows = self.application(request, project, params.environment).parts.filter(kind=KINDS[kind])
        rows = rows.filter(gone_since_run__isnull=not params.gone)
        if params.template is not None:
            rows = rows.filter(template=params.template)
        if params.search:
            rows = rows.filter(key__icontains=params.search) | rows.filter(name__icontains=params.search)
        return page(request, rows, params, lambda found: PartOut(found, many=True).data, default="pk")


class DifferenceQuery(Query):
    kind: insight.Kind | None = None
    what: What | None = None


class DifferenceList(RunsEndpoint):
    """What a crawl found otherwise than it was known; `earlier_run` is null for the first one.

    `note` says what was not compared, and why.
    """

    @listed(DifferenceQuery, DifferenceOut)
    def get(self, request: Request, run: str) -> Response:
        params = query(request, DifferenceQuery)
        found = self.run(request, run)
        comparison = Comparison.objects.filter(run=found).first()
        if comparison is None:
            raise NotFound(f"{found.public_id} is no crawl that has been compared.")
        rows = comparison.differences.filter(**params.model_dump(include={"kind", "what"}, exclude_none=True))
        answer = page(request, rows, params, lambda lines: DifferenceOut(lines, many=True).data, default="pk")
        earlier = comparison.earlier_run
        answer.data["earlier_run"] = None if earlier is None else f"RUN-{earlier}"
        answer.data["changed"] = comparison.changed
        answer.data["note"] = comparison.note
        return answer
