"""Who may see and do what. A stranger's query finds nothing, so the answer is 404 by construction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from projects.models import Membership, Project, Workspace
from projects.models.project import ProjectQuerySet
from projects.models.workspace import RANK, Role

VIEWER, QA_LEAD, ADMIN = Role.VIEWER, Role.QA_LEAD, Role.ADMIN


class Forbidden(Exception):
    """The person may see the object but their role is too low for the action."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"This needs the role {Role(needed).label} in the workspace.")
        self.needed = needed


def visible_to(user: Any) -> ProjectQuerySet:
    """The living projects of the workspaces that the person is a member of."""
    if not getattr(user, "is_authenticated", False):
        return Project.objects.none()
    return Project.objects.alive().filter(workspace__memberships__user=user)


def workspaces_of(user: Any) -> Iterable[Workspace]:
    return Workspace.objects.filter(memberships__user=user).order_by("name")


def role_in(user: Any, workspace_id: int) -> str | None:
    return Membership.objects.filter(user=user, workspace_id=workspace_id).values_list("role", flat=True).first()


def require(user: Any, workspace_id: int, needed: str) -> None:
    """Raises Forbidden where the person's role in the workspace is below the one needed."""
    role = role_in(user, workspace_id)
    if role is None or RANK[Role(role)] < RANK[Role(needed)]:
        raise Forbidden(needed)
