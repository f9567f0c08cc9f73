"""Sign-ins of a project beside its own: written by admins, secrets never shown again."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from pydantic import Field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import ADMIN
from projects.api.endpoint import Endpoint, created, find, note, shown
from projects.api.etags import check_match
from projects.api.idempotency import idempotent
from projects.api.listing import Ordered, page
from projects.api.parsing import body, query
from projects.api.schema import listed, single
from projects.api.serializers import PublicId
from projects.api.signins import ACCESS, AuthProfileEdit, NewAuthProfile, drop_sign_in, put_sign_in
from projects.models import AuthProfile, Project
from projects.models.entrusted import CREDENTIALS
from projects.models.public import PublicQuerySet
from projects.secrets import SecretUnreadable


class AuthProfileOut(serializers.ModelSerializer[AuthProfile]):
    """A sign-in without what it signs in with. Name and headers are null where the key to them is lost."""

    id = PublicId()
    project = serializers.CharField(source="project.public_id")
    username = serializers.CharField(allow_null=True, default=None)
    has_totp = serializers.BooleanField(default=False)
    headers = serializers.ListField(child=serializers.CharField(), allow_null=True, default=None)
    login_url = serializers.CharField(allow_null=True, default=None)
    username_selector = serializers.CharField(allow_null=True, default=None)
    password_selector = serializers.CharField(allow_null=True, default=None)
    submit_selector = serializers.CharField(allow_null=True, default=None)
    exclusive = serializers.BooleanField(default=False)
    origins = serializers.ListField(child=serializers.CharField(), help_text="where it may be sent and typed")

    class Meta:
        model = AuthProfile
        fields = [
            "id",
            "project",
            "name",
            "kind",
            "username",
            "has_totp",
            "headers",
            "login_url",
            "username_selector",
            "password_selector",
            "submit_selector",
            "exclusive",
            "origins",
            "created_at",
            "updated_at",
        ]

    def to_representation(self, row: AuthProfile) -> dict[str, Any]:
        said = dict(super().to_representation(row))
        said |= {name: row.access.get(name) for name in ACCESS} | {"exclusive": bool(row.access.get("exclusive"))}
        said["origins"] = row.origins.get(CREDENTIALS, [])
        try:
            secrets, headers = row.secrets, row.header_names
        except SecretUnreadable:
            return said | {"username": None, "has_totp": False, "headers": None}
        return said | {"username": secrets.get("username"), "has_totp": "totp" in secrets, "headers": headers}


class AuthProfileQuery(Ordered):
    search: str | None = Field(default=None, max_length=200, description="part of the name")

    @classmethod
    def orderings(cls) -> dict[str, str]:
        return {"created_at": "created_at", "name": "name"}


class AuthProfileList(Endpoint):
    @listed(AuthProfileQuery, AuthProfileOut)
    def get(self, request: Request, project: str) -> Response:
        params = query(request, AuthProfileQuery)
        rows = profiles_of(self.project(request, project))
        if params.search:
            rows = rows.filter(name__icontains=params.search)
        return page(request, rows, params, lambda found: AuthProfileOut(found, many=True).data, default="name")

    @extend_schema(request=NewAuthProfile, responses={201: AuthProfileOut})
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        new = body(request, NewAuthProfile)
        project_row = self.project(request, project, ADMIN)
        with transaction.atomic():
            row = AuthProfile(project=project_row, kind=new.kind)
            put_sign_in(row, new.given())
            note(request, project_row, "sign-in added", row.public_id, row.name)
        path = f"/api/v1/projects/{project_row.public_id}/auth-profiles/{row.public_id}"
        return created(request, row, AuthProfileOut(row).data, path)


class AuthProfileDetail(Endpoint):
    @single(AuthProfileOut)
    def get(self, request: Request, project: str, profile: str) -> Response:
        row = find(profiles_of(self.project(request, project)), profile)
        return shown(row, AuthProfileOut(row).data)

    @extend_schema(request=AuthProfileEdit, responses=AuthProfileOut)
    @idempotent
    def patch(self, request: Request, project: str, profile: str) -> Response:
        edit = body(request, AuthProfileEdit)
        project_row = self.project(request, project, ADMIN)
        with transaction.atomic():
            row = find(profiles_of(project_row).select_for_update(of=("self",)), profile)
            check_match(request, row)
            put_sign_in(row, edit.given())
            note(request, project_row, "sign-in changed", row.public_id, row.name)
        return shown(row, AuthProfileOut(row).data)

    @extend_schema(responses={204: None})
    @idempotent
    def delete(self, request: Request, project: str, profile: str) -> Response:
        project_row = self.project(request, project, ADMIN)
        with transaction.atomic():
            row = find(profiles_of(project_row).select_for_update(of=("self",)), profile)
            check_match(request, row)
            note(request, project_row, "sign-in deleted", row.public_id, row.name)
            drop_sign_in(row)
        return Response(status=204)


def profiles_of(project: Project) -> PublicQuerySet[AuthProfile]:
    return AuthProfile.objects.filter(project=project).select_related("project")
