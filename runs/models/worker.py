from __future__ import annotations

from django.db import models


class Worker(models.Model):
    """A worker process as it last described itself."""

    name = models.CharField(max_length=120, unique=True, help_text="host:pid, as on leases")
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=20, default="")
    browser = models.CharField(max_length=200, default="", help_text="name and version, or where it connects to")
    unfit = models.CharField(max_length=500, default="", blank=True, help_text="why it takes no shards")
    doing = models.JSONField(default=list, help_text="what is under way: slot, title, since")
    memory_mb = models.PositiveIntegerField(default=0, help_text="resident, with its driver and browser")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    stopping = models.BooleanField(default=False)
    hung_at = models.DateTimeField(null=True, blank=True, help_text="when it was found hanging and killed")
    hung = models.CharField(max_length=300, default="", blank=True, help_text="how that showed")

    class Meta:
        ordering = ["host", "pid"]

    def __str__(self) -> str:
        return self.name


class Meter(models.Model):
    """A number that processes add to: counters, and the buckets, sums and counts of histograms."""

    name = models.CharField(max_length=60)
    label = models.CharField(max_length=60, default="", blank=True)
    value = models.FloatField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "label"], name="one_meter_of_a_name")]

    def __str__(self) -> str:
        return f"{self.name}{{{self.label}}}"
