from __future__ import annotations

from django.db import models
from django.db.models import Q

from runs import states
from runs.models.run import Run, choices


class Shard(models.Model):
    """One executor of a run: one queue task in one worker process."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="shards")
    index = models.PositiveSmallIntegerField()
    leases_opened = models.PositiveSmallIntegerField(default=0)
    leases_lost = models.PositiveSmallIntegerField(default=0, help_text="in a row, without anything done between")
    sent_at = models.DateTimeField(help_text="when its last queue message was sent")

    class Meta:
        ordering = ["index"]
        constraints = [models.UniqueConstraint(fields=["run", "index"], name="one_shard_of_an_index")]

    def __str__(self) -> str:
        return f"{self.run} shard {self.index}"


class Lease(models.Model):
    """A worker's numbered, expiring hold on a shard. Its number fences writes: no open lease, no write."""

    shard = models.ForeignKey(Shard, models.CASCADE, related_name="leases")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=choices(states.LEASE_STATES), default=states.OPEN)
    worker = models.CharField(max_length=120, help_text="host:pid")
    opened_at = models.DateTimeField()
    renewed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, default="", blank=True, help_text="what broke its worker, in words")
    blames = models.BooleanField(default=False, help_text="its loss counts against what it was at")

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["expires_at"], condition=Q(state=states.OPEN), name="lease_open_by_expiry")]
        constraints = [
            models.UniqueConstraint(fields=["shard", "number"], name="one_lease_of_a_number"),
            # What makes messages harmless that come twice at the same moment (R6).
            models.UniqueConstraint(fields=["shard"], condition=Q(state=states.OPEN), name="one_open_lease_per_shard"),
            models.CheckConstraint(
                condition=Q(state=states.OPEN, closed_at=None) | ~Q(state=states.OPEN) & Q(closed_at__isnull=False),
                name="a_closed_lease_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shard} lease {self.number}"
