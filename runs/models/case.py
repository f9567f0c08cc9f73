from __future__ import annotations

from django.db import models
from django.db.models import Count, Q

from runs import states
from runs.models.run import Run, choices
from runs.models.shard import Lease


class CaseQuerySet(models.QuerySet["Case"]):
    def tally(self) -> dict[str, int]:
        """How many cases are in each state, zeros included, and their total."""
        found = dict(self.order_by().values_list("status").annotate(Count("pk")))
        tally = {state: found.get(state, 0) for state in states.CASE_STATES}
        return {**tally, "total": sum(tally.values())}


class Case(models.Model):
    """Something that a crawl tries on the application to see what it does: planned, claimed, observed once."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="cases", db_index=False)
    digest = models.CharField(max_length=64, help_text="SHA-256 of family and key")
    family = models.CharField(max_length=40)
    work = models.JSONField(help_text="what is tried, as the engine takes it")
    status = models.CharField(max_length=8, choices=choices(states.CASE_STATES), default=states.PENDING)
    lease = models.ForeignKey(Lease, models.SET_NULL, null=True, blank=True, related_name="cases")
    losses = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0, help_text="times it was put off, to be tried again later")
    not_before = models.DateTimeField(null=True, blank=True, help_text="when it is due again, where it was put off")
    outcome = models.JSONField(null=True, blank=True, help_text="what came of it, as the engine told")
    error = models.CharField(max_length=1000, default="", blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["run", "status"], name="case_by_status"),
            models.Index(fields=["run", "id"], condition=Q(status=states.PENDING), name="case_pending"),
        ]
        constraints = [models.UniqueConstraint(fields=["run", "digest"], name="one_case_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.run}: {self.family}"
