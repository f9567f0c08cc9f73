"""Projects with the settings that only this app can check: defaults of options, quality gates, web-vitals budgets."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from pydantic import BaseModel, ConfigDict
from rest_framework.request import Request

from projects.access import name_of
from projects.api import projects
from projects.api.parsing import query
from projects.api.problems import Conflict
from projects.api.serializers import ProjectOut
from projects.models import Project
from runs import ledger
from runs.api.inputs import NewProjectWithSettings, ProjectEditWithSettings


@extend_schema_view(post=extend_schema(request=NewProjectWithSettings, responses={201: ProjectOut}))
class FullProjectList(projects.ProjectList):
    new = NewProjectWithSettings


class Deletion(BaseModel):
    """How a project is deleted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    abort_runs: bool = False


ABORT_RUNS = OpenApiParameter(
    "abort_runs", bool, description="abort runs that are not over; without it they keep the project from being deleted"
)


@extend_schema_view(delete=extend_schema(parameters=[ABORT_RUNS], responses={204: None}))
@extend_schema_view(patch=extend_schema(request=ProjectEditWithSettings, responses=ProjectOut))
class FullProjectDetail(projects.ProjectDetail):
    edit = ProjectEditWithSettings

    def release(self, request: Request, project: Project) -> None:
        params = query(request, Deletion)
        try:
            ledger.release(project, name_of(request.user)[:160], abort_runs=params.abort_runs)
        except ledger.Refused as refusal:
            raise Conflict(refusal.code, str(refusal)) from refusal
