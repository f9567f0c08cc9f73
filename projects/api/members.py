"""Workspaces: who belongs to them, by which links others join, and what was done in them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from pydantic import Field
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from projects import membership
from projects.access import ADMIN, VIEWER, person, require, sees_all, workspaces_of
from projects.api.endpoint import Endpoint, find
from projects.api.idempotency import idempotent
from projects.api.inputs import MemberEdit, NewInvitation, NewWorkspace
from projects.api.listing import Query, page
from projects.api.parsing import body, query
from projects.api.schema import listed
from projects.api.serializers import ActivityOut, InvitationOut, MemberOut, NewInvitationOut, WorkspaceOut
from projects.models import Activity, Invitation, Membership, Workspace


class WorkspaceEndpoint(Endpoint):
    """Of a workspace; a project token belongs to none and finds nothing."""

    def workspace(self, request: Request, slug: str, needed: str = VIEWER) -> Workspace:
        """Raises NotFound, and Forbidden where the role is too low."""
        found: Workspace | None = workspaces_of(request.user).filter(slug=slug).first() if "\0" not in slug else None
        if found is None:
            raise NotFound(f"There is no workspace {slug} that you may see.")
        require(request.user, found.pk, needed)
        return found


class WorkspaceList(Endpoint):
    @listed(Query, WorkspaceOut)
    def get(self, request: Request) -> Response:
        rows = workspaces_of(request.user)
        return page(request, rows, query(request, Query), lambda found: WorkspaceOut(found, many=True).data, "name")

    @extend_schema(request=NewWorkspace, responses={201: WorkspaceOut})
    @idempotent
    def post(self, request: Request) -> Response:
        new = body(request, NewWorkspace)
        if not sees_all(request.user):
            raise PermissionDenied("Only superusers of this installation make workspaces.", "role_too_low")
        with transaction.atomic():
            made = Workspace.called(new.name)
            Membership.objects.create(workspace=made, user=person(request.user), role=ADMIN)
            membership.note(made, request.user, "workspace created", made.slug, made.name)
        return Response({"slug": made.slug, "name": made.name, "role": ADMIN.value}, status=201)


class MemberList(WorkspaceEndpoint):
    @listed(Query, MemberOut)
    def get(self, request: Request, workspace: str) -> Response:
        rows = Membership.objects.filter(workspace=self.workspace(request, workspace)).select_related("user")
        return page(request, rows, query(request, Query), lambda found: MemberOut(found, many=True).data, "pk")


class MemberDetail(WorkspaceEndpoint):
    @extend_schema(request=MemberEdit, responses=MemberOut)
    @idempotent
    def patch(self, request: Request, workspace: str, member: str) -> Response:
        workspace_row = self.workspace(request, workspace, ADMIN)
        edit = body(request, MemberEdit)
        row = membership.give_role(workspace_row, _number(member), edit.role, request.user)
        return Response(MemberOut(row).data)

    @extend_schema(responses={204: None})
    @idempotent
    def delete(self, request: Request, workspace: str, member: str) -> Response:
        """Admins remove anybody, and everybody may leave."""
        workspace_row, number = self.workspace(request, workspace), _number(member)
        if not Membership.objects.filter(workspace=workspace_row, pk=number, user=person(request.user)).exists():
            require(request.user, workspace_row.pk, ADMIN)
        membership.remove(workspace_row, number, request.user)
        return Response(status=204)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound(f"There is no member {text} that you may see.")
    return int(text)


class InvitationList(WorkspaceEndpoint):
    @listed(Query, InvitationOut)
    def get(self, request: Request, workspace: str) -> Response:
        workspace_row = self.workspace(request, workspace, ADMIN)
        rows: Any = Invitation.objects.open().filter(workspace=workspace_row).select_related("invited_by")
        return page(request, rows, query(request, Query), lambda found: InvitationOut(found, many=True).data)

    @extend_schema(request=NewInvitation, responses={201: NewInvitationOut})
    @idempotent
    def post(self, request: Request, workspace: str) -> Response:
        workspace_row = self.workspace(request, workspace, ADMIN)
        new = body(request, NewInvitation)
        row, text = membership.invite(workspace_row, new.role, request.user, new.note)
        link = request.build_absolute_uri(reverse("invitation", args=[text]))
        return Response({**InvitationOut(row).data, "link": link}, status=201)


class InvitationDetail(WorkspaceEndpoint):
    @extend_schema(responses={204: None})
    @idempotent
    def delete(self, request: Request, workspace: str, invitation: str) -> Response:
        workspace_row = self.workspace(request, workspace, ADMIN)
        rows: Any = Invitation.objects.open().filter(workspace=workspace_row)
        membership.revoke(workspace_row, find(rows, invitation), request.user)
        return Response(status=204)


class ActivityQuery(Query):
    verb: str | None = Field(default=None, max_length=40)
    project: str | None = Field(default=None, max_length=40, description="public id")
    search: str | None = Field(default=None, max_length=200, description="part of who, what or details")


class ActivityList(WorkspaceEndpoint):
    @listed(ActivityQuery, ActivityOut)
    def get(self, request: Request, workspace: str) -> Response:
        workspace_row = self.workspace(request, workspace)
        params = query(request, ActivityQuery)
        rows = Activity.objects.filter(Q(workspace=workspace_row) | Q(project__workspace=workspace_row)).select_related(
            "project"
        )
        if params.verb:
            rows = rows.filter(verb=params.verb)
        if params.project:
            rows = rows.filter(project=self.project(request, params.project))
        if params.search:
            words = params.search
            rows = rows.filter(
                Q(actor_name__icontains=words) | Q(subject__icontains=words) | Q(detail__icontains=words)
            )
        return page(request, rows, params, lambda found: ActivityOut(found, many=True).data)
