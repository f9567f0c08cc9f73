from __future__ import annotations

from django.db import models
from django.db.models import Count, Q

from runs import states
from runs.models.run import Run, choices
from runs.models.shard import Lease


class CrawlPageQuerySet(models.QuerySet["CrawlPage"]):
    def tally(self) -> dict[str, int]:
        """How many pages are in each state, zeros included, and their total."""
        found = dict(self.order_by().values_list("status").annotate(Count("pk")))
        tally = {state: found.get(state, 0) for state in states.PAGE_STATES}
        return {**tally, "total": sum(tally.values())}


class CrawlPage(models.Model):
    """One address of a crawl: the frontier while it is pending, the map once it is done."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="pages")
    key = models.CharField(max_length=2000, help_text="canonical URL")
    digest = models.CharField(max_length=64, help_text="SHA-256 of key; long keys do not fit an index")
    url = models.CharField(max_length=2000)
    group = models.CharField(max_length=500, default="", blank=True)
    depth = models.PositiveSmallIntegerField(default=0)
    priority = models.IntegerField(default=0, help_text="lower is sooner")
    found_on = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=8, choices=choices(states.PAGE_STATES), default=states.PENDING)
    skip_reason = models.CharField(max_length=20, default="", blank=True)
    lease = models.ForeignKey(Lease, models.SET_NULL, null=True, blank=True, related_name="pages")
    losses = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=500, default="", blank=True)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    template = models.CharField(max_length=80, default="", blank=True)
    snapshot = models.JSONField(null=True, blank=True)
    error = models.CharField(max_length=1000, default="", blank=True)
    error_category = models.CharField(max_length=20, default="", blank=True)
    visited_at = models.DateTimeField(null=True, blank=True)

    objects = CrawlPageQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["run", "status"], name="page_by_status"),
            models.Index(fields=["run", "priority", "id"], condition=Q(status=states.PENDING), name="page_pending"),
            models.Index(fields=["run", "group"], name="page_by_group"),
        ]
        constraints = [models.UniqueConstraint(fields=["run", "digest"], name="one_page_per_address")]

    def __str__(self) -> str:
        return self.url
