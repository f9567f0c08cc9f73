"""Projects with the settings that only this app can check: defaults of options, quality gates, web-vitals budgets."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view

from projects.api import projects
from projects.api.serializers import ProjectOut
from runs.api.inputs import NewProjectWithSettings, ProjectEditWithSettings


@extend_schema_view(post=extend_schema(request=NewProjectWithSettings, responses={201: ProjectOut}))
class ProjectList(projects.ProjectList):
    new = NewProjectWithSettings


@extend_schema_view(patch=extend_schema(request=ProjectEditWithSettings, responses=ProjectOut))
class ProjectDetail(projects.ProjectDetail):
    edit = ProjectEditWithSettings
