"""What goes out of projects, environments and tokens: no secrets, public ids, UTC times."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.access import QA_LEAD, may
from projects.entrusting import left_behind
from projects.masked import why_not_masked
from projects.models import Activity, ApiToken, Environment, Invitation, Membership, Project
from projects.models.entrusted import CREDENTIALS, HEADER, VARIABLE
from projects.models.project import Reachable
from projects.secrets import SecretUnreadable

NAMES = serializers.ListField(child=serializers.CharField())


class PublicId(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(source="public_id", read_only=True, **options)


class CredentialsOut(serializers.Serializer[Any]):
    """That there are credentials, and whose; never the password. The name is null where the key is lost."""

    has_credentials = serializers.BooleanField()
    username = serializers.CharField(allow_null=True)
    login_url = serializers.CharField(allow_null=True)
    username_selector = serializers.CharField(allow_null=True)
    password_selector = serializers.CharField(allow_null=True)
    submit_selector = serializers.CharField(allow_null=True)
    exclusive = serializers.BooleanField()
    origins = serializers.ListField(child=serializers.CharField(), help_text="where the password may be typed")
    masked = serializers.BooleanField(help_text="whether the password is masked in what is stored of runs")


ACCESS = ("login_url", "username_selector", "password_selector", "submit_selector")
HIDDEN = "•••"


def credentials_of(row: Reachable) -> dict[str, Any]:
    try:
        username, password = row.secrets.get("username"), row.secrets.get("password")
    except SecretUnreadable:
        username, password = None, None
    return {
        "has_credentials": row.has_credentials,
        "username": username,
        **{name: row.access.get(name) for name in ACCESS},
        "exclusive": bool(row.access.get("exclusive")),
        "origins": row.origins.get(CREDENTIALS, []),
        "masked": password is None or not why_not_masked(str.__str__(password), username or ""),
    }


class WithCredentials(serializers.ModelSerializer[Any]):
    """What can be reached. Values of headers are only for those who may change them: `context` names the request."""

    id = PublicId()
    credentials = serializers.SerializerMethodField()
    headers = serializers.SerializerMethodField(help_text="viewers are shown names only")
    secret_headers = serializers.SerializerMethodField(help_text="names")
    secret_variables = serializers.SerializerMethodField(help_text="names")
    left_behind = serializers.SerializerMethodField(help_text="secrets that the present address does not get, and why")

    @extend_schema_field(CredentialsOut)
    def get_credentials(self, row: Reachable) -> dict[str, Any]:
        return credentials_of(row)

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_headers(self, row: Any) -> dict[str, str]:
        workspace = row.workspace_id if isinstance(row, Project) else row.project.workspace_id
        allowed = self.context["shows"]
        if workspace not in allowed:
            allowed[workspace] = may(self.context["request"].user, workspace, QA_LEAD)
        return dict(row.headers) if allowed[workspace] else dict.fromkeys(row.headers, HIDDEN)

    @extend_schema_field(NAMES)
    def get_secret_headers(self, row: Reachable) -> list[str]:
        return row.names_of(HEADER)

    @extend_schema_field(NAMES)
    def get_secret_variables(self, row: Reachable) -> list[str]:
        return row.names_of(VARIABLE)

    @extend_schema_field(NAMES)
    def get_left_behind(self, row: Reachable) -> list[str]:
        return left_behind(row)


class ProjectOut(WithCredentials):
    workspace = serializers.CharField(source="workspace.slug")

    class Meta:
        model = Project
        fields = [
            "id",
            "name",
            "url",
            "workspace",
            "credentials",
            "headers",
            "secret_headers",
            "variables",
            "secret_variables",
            "left_behind",
            "settings",
            "quality_gates",
            "max_concurrent_runs",
            "auto_approve_score",
            "web_vitals_budgets",
            "created_at",
            "updated_at",
        ]


class EnvironmentOut(WithCredentials):
    project = serializers.CharField(source="project.public_id")

    class Meta:
        model = Environment
        fields = [
            "id",
            "project",
            "name",
            "base_url",
            "credentials",
            "headers",
            "secret_headers",
            "variables",
            "secret_variables",
            "left_behind",
            "created_at",
            "updated_at",
        ]


class TokenOut(serializers.ModelSerializer[ApiToken]):
    id = PublicId()
    project = serializers.SerializerMethodField()
    scopes = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = ApiToken
        fields = ["id", "name", "hint", "project", "scopes", "expires_at", "last_used_at", "created_at"]

    def get_project(self, row: ApiToken) -> str | None:
        return f"PRJ-{row.project_id}" if row.project_id else None


class NewTokenOut(TokenOut):
    """A new token with its text, which is shown this once."""

    token = serializers.CharField()

    class Meta(TokenOut.Meta):
        fields = [*TokenOut.Meta.fields, "token"]


class WorkspaceOut(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()


class MeOut(serializers.Serializer[Any]):
    """Who is asking: a person with workspaces, or a project token with its project."""

    kind = serializers.ChoiceField(["person", "project_token"])
    name = serializers.CharField()
    project = serializers.CharField(allow_null=True)
    workspaces = WorkspaceOut(many=True)


class MemberOut(serializers.ModelSerializer[Any]):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(source="user.username")

    class Meta:
        model = Membership
        fields = ["id", "name", "role", "joined_at"]


class InvitationOut(serializers.ModelSerializer[Any]):
    id = PublicId()
    invited_by = serializers.CharField(source="invited_by.username", allow_null=True, default=None)

    class Meta:
        model = Invitation
        fields = ["id", "role", "note", "invited_by", "created_at", "expires_at"]


class NewInvitationOut(InvitationOut):
    """The link is in this answer and nowhere else."""

    link = serializers.URLField(read_only=True)

    class Meta(InvitationOut.Meta):
        fields = [*InvitationOut.Meta.fields, "link"]


class ActivityOut(serializers.ModelSerializer[Any]):
    id = serializers.IntegerField(source="pk")
    project = serializers.CharField(source="project.public_id", allow_null=True, default=None)
    actor = serializers.CharField(source="actor_name")

    class Meta:
        model = Activity
        fields = ["id", "at", "actor", "verb", "subject", "detail", "project"]
