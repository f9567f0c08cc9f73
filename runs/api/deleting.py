"""What was deleted is still there for those who may bring it back."""

from __future__ import annotations

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import ADMIN, deleted_for, require, visible_to
from projects.api.endpoint import find, note, shown
from projects.api.idempotency import idempotent
from projects.api.listing import Query, page
from projects.api.parsing import body, query
from projects.api.problems import Conflict
from projects.api.projects import serialized
from projects.api.schema import listed
from projects.api.serializers import ProjectOut, PublicId
from projects.models import Project, Test
from projects.models.project import NameTaken
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import Nothing, Undeletion
from runs.api.outputs import TestDetailOut


class DeletedProjectOut(serializers.ModelSerializer[Project]):
    id = PublicId()

    class Meta:
        model = Project
        fields = ["id", "name", "url", "deleted_at"]


class DeletedTestOut(serializers.ModelSerializer[Test]):
    id = PublicId()

    class Meta:
        model = Test
        fields = ["id", "title", "review_status", "deleted_at"]


class DeletedProjects(RunsEndpoint):
    """Deleted projects of the workspaces that you administer."""

    @listed(Query, DeletedProjectOut)
    def get(self, request: Request) -> Response:
        params = query(request, Query)
        return page(request, deleted_for(request.user), params, lambda found: DeletedProjectOut(found, many=True).data)


class DeletedTests(RunsEndpoint):
    """Deleted tests of a project."""

    @listed(Query, DeletedTestOut)
    def get(self, request: Request, project: str) -> Response:
        params = query(request, Query)
        rows = self.project(request, project, ADMIN).tests.exclude(deleted_at=None)
        return page(request, rows, params, lambda found: DeletedTestOut(found, many=True).data)


class UndeleteProject(RunsEndpoint):
    """Brings a project back with all that it had; by another name where its own is taken."""

    @extend_schema(request=Undeletion, responses=ProjectOut)
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        undeletion = body(request, Undeletion)
        with transaction.atomic():
            known = find(deleted_for(request.user), project)
            row = Project.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=known.pk)
            try:
                row.undelete(undeletion.name or "")
            except NameTaken as error:
                raise Conflict("name_taken", str(error)) from error
            note(request, row, "project restored", row.public_id, row.name)
        return shown(row, serialized(request, row))


class UndeleteTest(RunsEndpoint):
    """Brings a test back as it was."""

    @extend_schema(request=Nothing, responses=TestDetailOut)
    @idempotent
    def post(self, request: Request, test: str) -> Response:
        body(request, Nothing)
        with transaction.atomic():
            gone = Test.objects.exclude(deleted_at=None).filter(project__in=visible_to(request.user))
            row = find(gone.select_for_update(of=("self",)).select_related("project"), test)
            require(request.user, row.project.workspace_id, ADMIN)
            try:
                row.undelete()
            except NameTaken as error:
                raise Conflict("same_test", str(error)) from error
            note(request, row.project, "test restored", row.public_id, row.title)
        return shown(row, TestDetailOut(row).data)
