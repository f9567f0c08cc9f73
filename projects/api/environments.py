from __future__ import annotations

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import ADMIN
from projects.api.endpoint import Endpoint, created, find, note, note_all, shown
from projects.api.etags import check_match
from projects.api.idempotency import idempotent
from projects.api.inputs import EnvironmentEdit, NewEnvironment
from projects.api.listing import Ordered, page
from projects.api.parsing import body, query
from projects.api.schema import listed, single
from projects.api.serializers import EnvironmentOut
from projects.api.target_writes import given, judged, needed_for, put
from projects.models import Environment, Project
from projects.models.public import PublicQuerySet


class EnvironmentQuery(Ordered):
    search: str | None = Field(default=None, max_length=200, description="part of the name")

    @classmethod
    def orderings(cls) -> dict[str, str]:
        return {"created_at": "created_at", "name": "name"}


class EnvironmentList(Endpoint):
    @listed(EnvironmentQuery, EnvironmentOut)
    def get(self, request: Request, project: str) -> Response:
        params = query(request, EnvironmentQuery)
        rows = Environment.objects.filter(project=self.project(request, project)).select_related("project")
        if params.search:
            rows = rows.filter(name__icontains=params.search)
        return page(request, rows, params, lambda found: serialized(request, found, many=True), default="name")

    @extend_schema(request=NewEnvironment, responses={201: EnvironmentOut})
    @judged
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        new = body(request, NewEnvironment)
        project_row = self.project(request, project, needed_for(new))
        row = Environment(project=project_row)
        with transaction.atomic():
            changes = put(row, given(new))
            note_all(request, project_row, row.public_id, changes)
        path = f"/api/v1/projects/{project_row.public_id}/environments/{row.public_id}"
        return created(request, row, serialized(request, row), path)


class EnvironmentDetail(Endpoint):
    @single(EnvironmentOut)
    def get(self, request: Request, project: str, environment: str) -> Response:
        row = find(environments_of(self.project(request, project)), environment)
        return shown(row, serialized(request, row))

    @extend_schema(request=EnvironmentEdit, responses=EnvironmentOut)
    @judged
    @idempotent
    def patch(self, request: Request, project: str, environment: str) -> Response:
        edit = body(request, EnvironmentEdit)
        project_row = self.project(request, project, needed_for(edit))
        with transaction.atomic():
            row = find(environments_of(project_row).select_for_update(of=("self",)), environment)
            check_match(request, row)
            note_all(request, project_row, row.public_id, put(row, given(edit)))
        return shown(row, serialized(request, row))

    @extend_schema(responses={204: None})
    @idempotent
    def delete(self, request: Request, project: str, environment: str) -> Response:
        project_row = self.project(request, project, ADMIN)
        with transaction.atomic():
            row = find(environments_of(project_row).select_for_update(of=("self",)), environment)
            check_match(request, row)
            note(request, project_row, "environment deleted", row.public_id, row.name)
            row.delete()
        return Response(status=204)


def serialized(request: Request, found: Any, *, many: bool = False) -> Any:
    return EnvironmentOut(found, many=many, context={"request": request, "shows": {}}).data


def environments_of(project: Project) -> PublicQuerySet[Environment]:
    return Environment.objects.filter(project=project).select_related("project")
