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
    """One address of a crawl, or a state behind one: the frontier while it is pending, the map once it is done."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="pages")
    key = models.CharField(max_length=2000, help_text="canonical URL")
    digest = models.CharField(max_length=64, help_text="SHA-256 of key; long keys do not fit an index")
    url = models.CharField(max_length=2000)
    group = models.CharField(max_length=500, default="", blank=True)
    depth = models.PositiveSmallIntegerField(default=0)
    priority = models.IntegerField(default=0, help_text="lower is sooner")
    kind = models.CharField(
        max_length=6, choices=[("link", "Link"), ("action", "Action"), ("form", "Form")], default="link"
    )
    role = models.CharField(max_length=80, default="", blank=True, help_text="sign-in it is visited as")
    path = models.JSONField(default=list, blank=True, help_text="steps from url to this state; empty for a page")
    asked = models.BooleanField(default=False, help_text="a search of the crawl's own; no page links there")
    action = models.CharField(max_length=300, default="", blank=True, help_text="what led here, in words")
    found_on = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=8, choices=choices(states.PAGE_STATES), default=states.PENDING)
    skip_reason = models.CharField(max_length=20, default="", blank=True)
    lease = models.ForeignKey(Lease, models.SET_NULL, null=True, blank=True, related_name="pages")
    losses = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0, help_text="times it was put off, to be asked again later")
    not_before = models.DateTimeField(null=True, blank=True, help_text="when it is due again, where it was put off")
    title = models.CharField(max_length=500, default="", blank=True)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    template = models.CharField(max_length=80, default="", blank=True)
    state = models.CharField(max_length=32, default="", blank=True, help_text="identity of what is shown")
    same_as = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="alike", help_text="state known before"
    )
    signature = models.JSONField(null=True, blank=True, help_text="what it is compared by with other states")
    distance = models.FloatField(null=True, blank=True, help_text="to the nearest state known before, 0 to 1")
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
            models.Index(fields=["run", "state"], condition=~Q(state=""), name="page_by_state"),
        ]
        constraints = [models.UniqueConstraint(fields=["run", "digest"], name="one_page_per_address")]

    def __str__(self) -> str:
        return self.url


class StateBand(models.Model):
    """A band of a state's MinHash signature: states that share one may be near duplicates."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="+", db_index=False)
    page = models.ForeignKey(CrawlPage, models.CASCADE, related_name="bands")
    band = models.BigIntegerField(help_text="hash of the band's number and rows")

    class Meta:
        indexes = [models.Index(fields=["run", "band"], name="state_by_band")]

    def __str__(self) -> str:
        return f"{self.page_id}: {self.band}"


class Change(models.Model):
    """A request of a crawl that could have changed something: sent, or held back."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="changes", db_index=False)
    page = models.ForeignKey(CrawlPage, models.SET_NULL, null=True, blank=True, related_name="changes")
    method = models.CharField(max_length=10)
    url = models.CharField(max_length=2000)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    held_back = models.BooleanField(default=False)
    because = models.CharField(max_length=300, default="", blank=True, help_text="what sent it, in words")
    cleaned = models.BooleanField(default=False, help_text="what it created was removed again")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["run", "id"], name="change_of_run")]

    def __str__(self) -> str:
        return f"{self.method} {self.url}"
