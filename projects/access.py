"""Who may see and do what. A stranger's query finds nothing, so the answer is 404 by construction."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Q, Value

from projects.models import ApiToken, Membership, Project, Workspace
from projects.models.project import ProjectQuerySet
from projects.models.workspace import RANK, Role

VIEWER, QA_LEAD, ADMIN = Role.VIEWER, Role.QA_LEAD, Role.ADMIN


class Forbidden(Exception):
    """The person may see the object but their role is too low for the action."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"This needs the role {Role(needed).label} in the workspace.")
        self.needed = needed


class CiPrincipal:
    """Who a project token stands for: a QA lead on its one project, and no person."""

    is_authenticated = is_active = True
    is_anonymous = is_staff = is_superuser = False
    pk = None

    def __init__(self, token: ApiToken) -> None:
        self.token = token

    def __str__(self) -> str:
        return f"CI token {self.token.name}"


def principal_of(token: ApiToken | None) -> Any:
    """Who a living token stands for: its person, or CI on its project. None where that one is gone."""
    if token is None:
        return None
    if token.project is not None:
        return CiPrincipal(token) if token.project.deleted_at is None else None
    return token.user if token.user is not None and token.user.is_active else None


def sees_all(user: Any) -> bool:
    """Whether the person administers the whole installation, and so every workspace, member or not."""
    return bool(getattr(user, "is_superuser", False))


def visible_to(user: Any) -> ProjectQuerySet:
    """The living projects of the workspaces that the person is a member of; of a project token, its project."""
    if isinstance(user, CiPrincipal):
        return Project.objects.alive().filter(api_tokens=user.token)
    if not getattr(user, "is_authenticated", False):
        return Project.objects.none()
    if sees_all(user):
        return Project.objects.alive()
    return Project.objects.alive().filter(workspace__memberships__user=user)


def deleted_for(user: Any) -> ProjectQuerySet:
    """The deleted projects that the person may bring back: those of workspaces that they administer."""
    rows = Project.objects.exclude(deleted_at=None)
    if isinstance(user, CiPrincipal) or not getattr(user, "is_authenticated", False):
        return rows.none()
    if sees_all(user):
        return rows
    return rows.filter(workspace__memberships__user=user, workspace__memberships__role=ADMIN)


def workspaces_of(user: Any) -> Any:
    """A queryset of workspaces, each with the person's role in it as `role`."""
    if isinstance(user, CiPrincipal):
        return Workspace.objects.none()
    rows = Workspace.objects.order_by("name", "pk")
    if sees_all(user):
        return rows.annotate(role=Value(ADMIN.value))
    return rows.filter(memberships__user=user).annotate(role=F("memberships__role"))


def with_project_counts(workspaces: Any) -> Any:
    """Workspaces, each with how many living projects it has as `projects_count`."""
    return workspaces.annotate(projects_count=Count("projects", filter=Q(projects__deleted_at=None), distinct=True))


def roles_from(needed: str) -> list[Role]:
    """This role and those above it."""
    return [role for role, rank in RANK.items() if rank >= RANK[Role(needed)]]


def role_in(user: Any, workspace_id: int) -> str | None:
    if isinstance(user, CiPrincipal):
        project = user.token.project
        return QA_LEAD if project is not None and project.workspace_id == workspace_id else None
    if sees_all(user):
        return ADMIN
    return Membership.objects.filter(user=user, workspace_id=workspace_id).values_list("role", flat=True).first()


def require(user: Any, workspace_id: int, needed: str) -> None:
    """Raises Forbidden where the person's role in the workspace is below the one needed."""
    if not may(user, workspace_id, needed):
        raise Forbidden(needed)


def may(user: Any, workspace_id: int, needed: str) -> bool:
    """Whether the person has at least this role in the workspace."""
    role = role_in(user, workspace_id)
    return role is not None and RANK[Role(role)] >= RANK[Role(needed)]


def person(user: Any) -> Any:
    """The user row behind a principal, None for a project token."""
    return None if isinstance(user, CiPrincipal) else user


def name_of(user: Any) -> str:
    """How the principal is named in logs of activity and on runs."""
    return str(user) if isinstance(user, CiPrincipal) else (user.get_full_name() or user.get_username())
