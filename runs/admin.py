"""Admin of runs: state is looked at here and written by the ledger alone."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.access import name_of
from projects.admin import ModelAdmin, ReadOnly, TabularInline
from runs import ledger
from runs.models import (
    Artifact,
    Attempt,
    CrawlPage,
    Delivery,
    DeliveryTry,
    Lease,
    Meter,
    Result,
    Run,
    RunEvent,
    Shard,
    Worker,
)

# The queue's tables are plumbing: runs say what happened, and a row edited by hand could not be put right.
for model in apps.get_app_config("django_q").get_models():
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class Big(ReadOnly, ModelAdmin):
    """Tables that grow: nothing is counted or joined that the page does not show."""

    show_full_result_count = False
    list_per_page = 50


class ShardInline(ReadOnly, TabularInline):
    model = Shard
    fields = readonly_fields = ("index", "leases_opened", "leases_lost", "sent_at")
    extra = 0
    show_change_link = True


@admin.register(Run)
class RunAdmin(Big):
    list_display = ("public_id", "project", "kind", "status", "verdict", "stage", "trigger", "actor_name", "created_at")
    list_filter = ("kind", "status", "verdict", "trigger")
    list_select_related = ("project",)
    search_fields = ("project__name", "actor_name", "error")
    readonly_fields = ("results", "pages", "events", "deliveries")
    inlines = (ShardInline,)
    actions = ("abort", "requeue")

    @admin.action(description="Abort selected runs", permissions=["operate"])
    def abort(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        for run in runs:
            try:
                ledger.abort(run.pk, name_of(request.user))
            except ledger.Refused as refusal:
                messages.error(request, f"{run.public_id}: {refusal}")
            else:
                messages.success(request, f"{run.public_id} was aborted.")

    @admin.action(description="Queue selected runs again", permissions=["operate"])
    def requeue(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        for run in runs:
            try:
                sent = ledger.requeue(run.pk)
            except ledger.Refused as refusal:
                messages.error(request, f"{run.public_id}: {refusal}")
            else:
                messages.success(request, f"{run.public_id}: {sent} messages sent.")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("runs.change_run"))

    @admin.display(description="Results")
    def results(self, run: Run) -> SafeString:
        return _rows("result", run)

    @admin.display(description="Pages")
    def pages(self, run: Run) -> SafeString:
        return _rows("crawlpage", run)

    @admin.display(description="Events")
    def events(self, run: Run) -> SafeString:
        return _rows("runevent", run)

    @admin.display(description="Deliveries")
    def deliveries(self, run: Run) -> SafeString:
        return _rows("delivery", run)


def _rows(model: str, run: Run) -> SafeString:
    """A link to the run's rows of another table."""
    address = reverse(f"admin:runs_{model}_changelist")
    return format_html('<a href="{}?run__id__exact={}">Show</a>', address, run.pk)


class LeaseInline(ReadOnly, TabularInline):
    model = Lease
    fields = readonly_fields = ("number", "state", "worker", "opened_at", "renewed_at", "expires_at", "closed_at")
    extra = 0


@admin.register(Shard)
class ShardAdmin(Big):
    list_display = ("run", "index", "leases_opened", "leases_lost", "sent_at")
    list_select_related = ("run",)
    inlines = (LeaseInline,)


class AttemptInline(ReadOnly, TabularInline):
    model = Attempt
    fields = readonly_fields = ("number", "passed", "started_at", "duration_ms")
    extra = 0
    show_change_link = True


@admin.register(Result)
class ResultAdmin(Big):
    list_display = ("run", "position", "title", "status", "skip_reason", "attempt_count", "duration_ms", "error")
    list_display_links = ("run", "position", "title")
    list_filter = ("status", "skip_reason")
    list_select_related = ("run",)
    search_fields = ("title", "error")
    inlines = (AttemptInline,)


class ArtifactInline(ReadOnly, TabularInline):
    model = Artifact
    fields = readonly_fields = ("kind", "path", "content_type", "size")
    extra = 0


@admin.register(Attempt)
class AttemptAdmin(Big):
    list_display = ("result_id", "number", "passed", "started_at", "duration_ms")
    list_filter = ("passed",)
    inlines = (ArtifactInline,)


@admin.register(CrawlPage)
class CrawlPageAdmin(Big):
    list_display = ("run", "url", "status", "http_status", "template", "title", "error_category")
    list_display_links = ("run", "url")
    list_filter = ("status", "error_category")
    list_select_related = ("run",)
    search_fields = ("url", "title")


@admin.register(RunEvent)
class RunEventAdmin(Big):
    list_display = ("run", "seq", "type", "at", "data")
    list_filter = ("type",)
    list_select_related = ("run",)


@admin.register(Worker)
class WorkerAdmin(Big):
    list_display = ("name", "browser", "unfit", "stopping", "memory_mb", "version", "started_at", "seen_at")
    list_filter = ("stopping", "host")
    search_fields = ("name",)


@admin.register(Meter)
class MeterAdmin(Big):
    list_display = ("name", "label", "value")
    list_display_links = ("name", "label")
    ordering = ("name", "label")
    search_fields = ("name",)


class TryInline(ReadOnly, TabularInline):
    model = DeliveryTry
    fields = readonly_fields = ("number", "at", "duration_ms", "sent", "http_status", "detail")
    extra = 0


@admin.register(Delivery)
class DeliveryAdmin(Big):
    list_display = ("key", "state", "tries", "next_try_at", "settled_at", "error")
    list_filter = ("state", "kind", "occasion")
    search_fields = ("key", "error")
    inlines = (TryInline,)
    actions = ("redeliver",)

    @admin.action(description="Send selected deliveries again", permissions=["operate"])
    def redeliver(self, request: HttpRequest, deliveries: QuerySet[Delivery]) -> None:
        for row in deliveries:
            try:
                ledger.redeliver(row.pk)
            except ledger.Refused as refusal:
                messages.error(request, str(refusal))
            else:
                messages.success(request, f"{row.key} is sent again.")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("runs.change_delivery"))
