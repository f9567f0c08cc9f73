from __future__ import annotations

from django.db import models

from runs.models.result import Result
from runs.models.shard import Lease


class Attempt(models.Model):
    """One execution of a result; a retry is a new row."""

    result = models.ForeignKey(Result, models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    lease = models.ForeignKey(Lease, models.SET_NULL, null=True, related_name="attempts")
    hedge = models.BooleanField(default=False, help_text="made by the second of two leases that executed the result")
    passed = models.BooleanField()
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    steps = models.JSONField(default=list)
    failure = models.JSONField(null=True, blank=True)
    console = models.JSONField(default=list)
    requests = models.JSONField(default=list)
    vitals = models.JSONField(null=True, blank=True, help_text="one entry per page: path, lcp, cls, inp, ttfb")

    class Meta:
        ordering = ["number"]
        # Both executions of a result count their attempts from 1.
        constraints = [models.UniqueConstraint(fields=["result", "number", "hedge"], name="one_attempt_of_a_number")]

    def __str__(self) -> str:
        return f"{self.result} attempt {self.number}"


class Artifact(models.Model):
    """A file of an attempt in the storage."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="artifacts")
    kind = models.CharField(max_length=10)
    path = models.CharField(max_length=300, help_text="name in the storage")
    content_type = models.CharField(max_length=60)
    size = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.path
