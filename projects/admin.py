"""Admin of people, workspaces, projects, environments, tests and tokens. Secrets are never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from pydantic import TypeAdapter, ValidationError
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from projects.access import ADMIN
from projects.api.error_sentences import by_field
from projects.api.inputs import OpenHeaders, Variables, WebAddress
from projects.entrusting import move
from projects.forms import not_secret
from projects.models import (
    Activity,
    ApiToken,
    AuthProfile,
    Channel,
    Environment,
    Membership,
    Project,
    Session,
    Test,
    TestVersion,
    Workspace,
)
from projects.models.project import NameTaken
from projects.place import Place
from projects.reviewing import PAST, ReviewRefused
from projects.views.settings import say_what_stays

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    DjangoUser = DjangoUserAdmin[Any]
    ModelForm = forms.ModelForm[Any]
else:
    from unfold.admin import ModelAdmin, TabularInline

    DjangoUser = DjangoUserAdmin
    ModelForm = forms.ModelForm

admin.site.unregister(User)
admin.site.unregister(Group)


# Secrets are entered on pages and through the API alone, where they are sealed.
SECRETS_PLACE = (
    "its value is entered, or taken away, in the settings of the project (Headers and variables, Environments)"
)


class ReadOnly:
    """Rows that are looked at here and written elsewhere."""

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


@admin.register(User)
class UserAdmin(DjangoUser, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Workspace)
class WorkspaceAdmin(ModelAdmin):
    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (MembershipInline,)


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    list_display = ("user", "workspace", "role", "joined_at")
    list_filter = ("role", "workspace")
    list_select_related = ("user", "workspace")
    search_fields = ("user__username", "user__email", "workspace__name")
    autocomplete_fields = ("user", "workspace")


class ReachableForm(ModelForm):
    """Checks by the API's rules what the columns alone would take."""

    KINDS: dict[str, TypeAdapter[Any]] = {
        "url": TypeAdapter(WebAddress),
        "base_url": TypeAdapter(WebAddress),
        "headers": TypeAdapter(OpenHeaders),
        "variables": TypeAdapter(Variables),
    }

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for name in self.KINDS.keys() & given.keys():
            try:
                self.KINDS[name].validate_python(given[name])
            except ValidationError as error:
                sentences = by_field(error).values()
                self.add_error(name, [sentence for some in sentences for sentence in some])
        return not_secret(self, given, SECRETS_PLACE) if not self.errors else given


class EnvironmentAdminForm(ReachableForm):
    def clean_project(self) -> Project:
        """Its members could send what others entered."""
        project: Project = self.cleaned_data["project"]
        if self.instance.pk and self.instance.origins and project.pk != self.instance.project_id:
            raise forms.ValidationError(
                "This environment has secrets, which stay with their project; take them away first, or add an"
                " environment to the other project."
            )
        return project


class ReachableAdmin(ModelAdmin):
    """What is secret stays with the sites that it was entered for when an address changes here, and the log says so."""

    form = ReachableForm
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def save_model(self, request: Any, obj: Project | Environment, form: Any, change: bool) -> None:
        project = obj if isinstance(obj, Project) else obj.project
        changes = move(obj, form.initial.get("url") or form.initial.get("base_url") or "", follow=False)
        super().save_model(request, obj, form, change)
        Place(project, ADMIN, request.user).note_all(obj.public_id, changes)
        say_what_stays(request, obj, changes)


@admin.register(Project)
class ProjectAdmin(ReachableAdmin):
    list_display = ("public_id", "name", "url", "workspace", "credentials", "created_at", "deleted_at")
    list_display_links = ("public_id", "name")
    list_filter = ("workspace",)
    list_select_related = ("workspace",)
    search_fields = ("name", "url")
    autocomplete_fields = ("workspace",)
    readonly_fields = ("credentials", "settings", "quality_gates", "web_vitals_budgets")
    fields = ("name", "url", "workspace", "headers", "variables", *readonly_fields)
    actions = ("delete_softly", "undelete")

    @admin.display(boolean=True)
    def credentials(self, project: Project) -> bool:
        return bool(project.sealed)

    @admin.action(description="Delete selected projects (their runs and tests stay stored)", permissions=["retire"])
    def delete_softly(self, request: HttpRequest, projects: QuerySet[Project]) -> None:
        for project in projects.filter(deleted_at=None):
            if project.runs.filter(finished_at=None).exists():
                messages.error(request, f"{project} has runs that are not over; abort them, or wait for their end.")
                continue
            project.delete_softly()
            self._note(request, project, "project deleted")
            self.log_change(request, project, "Deleted softly.")
            messages.success(request, f"{project} was deleted.")

    @admin.action(description="Bring selected projects back", permissions=["retire"])
    def undelete(self, request: HttpRequest, projects: QuerySet[Project]) -> None:
        for project in projects.exclude(deleted_at=None):
            try:
                project.undelete()
            except NameTaken as error:
                messages.error(request, str(error))
            else:
                self.log_change(request, project, "Brought back.")
                self._note(request, project, "project restored")
                messages.success(request, f"{project} is back.")

    @staticmethod
    def _note(request: HttpRequest, project: Project, verb: str) -> None:
        Place(project, ADMIN, cast(Any, request.user)).note(verb, project.public_id, project.name)

    def has_retire_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("projects.delete_project"))

    def has_delete_permission(self, *_: Any) -> bool:
        return False


@admin.register(Environment)
class EnvironmentAdmin(ReachableAdmin):
    list_display = ("public_id", "name", "base_url", "project", "credentials")
    list_display_links = ("public_id", "name")
    list_select_related = ("project",)
    search_fields = ("name", "base_url", "project__name")
    autocomplete_fields = ("project",)
    form = EnvironmentAdminForm
    fields = ("project", "name", "base_url", "headers", "variables", "credentials")
    readonly_fields = ("credentials",)

    @admin.display(boolean=True)
    def credentials(self, environment: Environment) -> bool:
        return bool(environment.sealed)


@admin.register(AuthProfile)
class AuthProfileAdmin(ReadOnly, ModelAdmin):
    list_display = ("public_id", "name", "kind", "project", "updated_at")
    list_display_links = ("public_id", "name")
    list_filter = ("kind",)
    list_select_related = ("project",)
    search_fields = ("name", "project__name")


@admin.register(Session)
class SessionAdmin(ReadOnly, ModelAdmin):
    list_display = ("role", "project", "environment", "signed_in_at", "probed_at")
    list_select_related = ("project", "environment")
    search_fields = ("role", "project__name")
    exclude = ("credentials",)
    actions = ("forget",)

    @admin.action(description="Forget selected sessions; the next run signs in anew", permissions=["forget"])
    def forget(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        count, _ = sessions.delete()
        messages.success(request, f"{count} forgotten.")

    def has_forget_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("projects.delete_session"))


class VersionInline(ReadOnly, TabularInline):
    model = TestVersion
    fields = readonly_fields = ("number", "title", "author", "created_at")
    extra = 0


@admin.register(Test)
class TestAdmin(ReadOnly, ModelAdmin):
    list_display = ("public_id", "title", "project", "review_status", "origin", "family", "version", "updated_at")
    list_display_links = ("public_id", "title")
    list_filter = ("review_status", "origin", "family")
    list_select_related = ("project",)
    search_fields = ("title", "page_url", "project__name")
    inlines = (VersionInline,)
    actions = ("approve", "reject", "restore")

    @admin.action(description="Approve selected tests", permissions=["review"])
    def approve(self, request: HttpRequest, tests: QuerySet[Test]) -> None:
        self._decide(request, tests, "approve")

    @admin.action(description="Reject selected tests", permissions=["review"])
    def reject(self, request: HttpRequest, tests: QuerySet[Test]) -> None:
        self._decide(request, tests, "reject")

    @admin.action(description="Restore selected tests to draft", permissions=["review"])
    def restore(self, request: HttpRequest, tests: QuerySet[Test]) -> None:
        self._decide(request, tests, "restore")

    def _decide(self, request: HttpRequest, tests: QuerySet[Test], action: str) -> None:
        for test in tests:
            try:
                test.decide(action, request.user)
            except ReviewRefused as error:
                messages.error(request, f"{test.public_id}: {error}")
            else:
                messages.success(request, f"{test.public_id} was {PAST[action]}.")

    def has_review_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("projects.change_test"))


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly, ModelAdmin):
    list_display = ("name", "hint", "user", "project", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user", "project")
    search_fields = ("name", "hint", "user__username", "project__name")
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description="Revoke selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        revoked = tokens.filter(revoked_at=None).update(revoked_at=timezone.now())
        messages.success(request, f"{revoked} revoked.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("projects.change_apitoken"))


@admin.register(Channel)
class ChannelAdmin(ReadOnly, ModelAdmin):
    list_display = ("public_id", "name", "kind", "project", "when", "enabled", "updated_at")
    list_display_links = ("public_id", "name")
    list_filter = ("kind", "enabled")
    list_select_related = ("project",)
    search_fields = ("name", "project__name")
    actions = ("disable",)

    @admin.action(description="Disable selected channels", permissions=["silence"])
    def disable(self, request: HttpRequest, channels: QuerySet[Channel]) -> None:
        disabled = channels.filter(enabled=True).update(enabled=False, updated_at=timezone.now())
        messages.success(request, f"{disabled} disabled.")

    def has_silence_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("projects.change_channel"))


@admin.register(Activity)
class ActivityAdmin(ReadOnly, ModelAdmin):
    list_display = ("at", "actor_name", "verb", "subject", "project", "detail")
    list_filter = ("verb",)
    list_select_related = ("project",)
    search_fields = ("actor_name", "subject", "detail", "project__name")
