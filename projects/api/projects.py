from __future__ import annotations

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from pydantic import Field
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import ADMIN, QA_LEAD, require, sees_all, visible_to, workspaces_of
from projects.api.endpoint import Endpoint, created, note, note_all, shown
from projects.api.etags import check_match
from projects.api.idempotency import idempotent
from projects.api.inputs import NewProject, ProjectEdit
from projects.api.listing import Ordered, page
from projects.api.parsing import body, query
from projects.api.problems import Invalid
from projects.api.schema import listed, single
from projects.api.serializers import ProjectOut
from projects.api.target_writes import given, judged, needed_for, put
from projects.models import Project, Workspace


class ProjectQuery(Ordered):
    workspace: str | None = Field(default=None, max_length=60, description="slug")
    search: str | None = Field(default=None, max_length=200, description="part of the name or the address")

    @classmethod
    def orderings(cls) -> dict[str, str]:
        return {"created_at": "created_at", "updated_at": "updated_at", "name": "name"}


class ProjectList(Endpoint):
    """`new` is the body of a new project; whoever knows more settings of projects gives a larger one."""

    new = NewProject

    @listed(ProjectQuery, ProjectOut)
    def get(self, request: Request) -> Response:
        params = query(request, ProjectQuery)
        rows = visible_to(request.user).select_related("workspace")
        if params.workspace:
            rows = rows.filter(workspace__slug=params.workspace)
        if params.search:
            rows = rows.filter(name__icontains=params.search) | rows.filter(url__icontains=params.search)
        return page(request, rows, params, lambda found: serialized(request, found, many=True))

    @extend_schema(request=NewProject, responses={201: ProjectOut})
    @judged
    @idempotent
    def post(self, request: Request) -> Response:
        new = body(request, self.new)
        workspace = self._workspace(request, new.workspace)
        require(request.user, workspace.pk, needed_for(new))
        with transaction.atomic():
            project = Project(workspace=workspace)
            changes = put(project, given(new, leave_out={"workspace"}))
            note(request, project, "project created", project.public_id, project.name)
            note_all(request, project, project.public_id, changes)
        return created(
            request,
            project,
            serialized(request, project),
            f"/api/v1/projects/{project.public_id}",
        )

    def _workspace(self, request: Request, slug: str | None) -> Workspace:
        mine: dict[str, Workspace] = {workspace.slug: workspace for workspace in workspaces_of(request.user)}
        if not mine and sees_all(request.user):
            raise Invalid({"workspace": "There is no workspace yet; make one with POST /api/v1/workspaces."})
        if not mine:
            raise PermissionDenied("You are a member of no workspace; a project needs one.", "no_workspace")
        if slug is None and len(mine) > 1:
            raise Invalid({"workspace": f"Say which workspace: {', '.join(sorted(mine))}."})
        found = mine.get(slug) if slug is not None else next(iter(mine.values()))
        if found is None:
            raise Invalid({"workspace": "You are a member of no workspace of this slug."})
        require(request.user, found.pk, QA_LEAD)
        return found


class ProjectDetail(Endpoint):
    edit = ProjectEdit

    @single(ProjectOut)
    def get(self, request: Request, project: str) -> Response:
        found = self.project(request, project)
        return shown(found, serialized(request, found))

    @extend_schema(request=ProjectEdit, responses=ProjectOut)
    @judged
    @idempotent
    def patch(self, request: Request, project: str) -> Response:
        edit = body(request, self.edit)
        with transaction.atomic():
            found = self.project(request, project, needed_for(edit))
            locked = Project.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=found.pk)
            check_match(request, locked)
            note_all(request, locked, locked.public_id, put(locked, given(edit)))
        return shown(locked, serialized(request, locked))

    def release(self, request: Request, project: Project) -> None:
        """What has to end before a project, which is locked, may go. Raises Conflict where it may not."""

    @extend_schema(responses={204: None})
    @idempotent
    def delete(self, request: Request, project: str) -> Response:
        with transaction.atomic():
            found = self.project(request, project, ADMIN)
            locked = Project.objects.select_for_update().get(pk=found.pk)
            check_match(request, locked)
            self.release(request, locked)
            locked.delete_softly()
            note(request, locked, "project deleted", locked.public_id, locked.name)
        return Response(status=204)


def serialized(request: Request, found: Any, *, many: bool = False) -> Any:
    return ProjectOut(found, many=many, context={"request": request, "shows": {}}).data
