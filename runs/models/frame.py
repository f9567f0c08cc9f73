from __future__ import annotations

from django.db import models

from runs.models.run import Run


class LiveView(models.Model):
    """Somebody watches a run's browsers, or did until a moment ago."""

    run = models.OneToOneField(Run, models.CASCADE, related_name="+")
    wanted_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.run} is watched until {self.wanted_until}"


class LiveFrame(models.Model):
    """The newest picture of one browser context, written over and over; gone with its view."""

    view = models.ForeignKey(LiveView, models.CASCADE, related_name="frames")
    shard = models.PositiveSmallIntegerField()
    slot = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=300)
    jpeg = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["view", "shard", "slot"], name="one_frame_of_a_context")]

    def __str__(self) -> str:
        return f"{self.view.run}: worker {self.shard + 1}, context {self.slot + 1}"
