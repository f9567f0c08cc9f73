from __future__ import annotations

from django.db import models

from runs.models.run import Run


class RunEvent(models.Model):
    """One line of a run's story, numbered 1, 2, 3 … without gaps."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=20)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ["seq"]
        # Also the index by which readers go on from a number (R22).
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="one_event_of_a_number")]

    def __str__(self) -> str:
        return f"{self.run} #{self.seq} {self.type}"
