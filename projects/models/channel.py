from __future__ import annotations

from django.db import models

from projects.models.project import Project
from projects.models.public import PublicModel, PublicQuerySet
from projects.models.sealed import Sealed

OCCASIONS = {
    "always": "Every ended run",
    "problems": "Runs that failed, were aborted, or whose tests or gates failed",
    "changes": "Runs whose verdict differs from the one before",
}


class ChannelQuerySet(PublicQuerySet["Channel"]):
    """Channels by their public ids."""


class Channel(PublicModel, Sealed):
    """Where a project's news go. `settings` holds what is no secret, `sealed` the rest."""

    PREFIX = "CH"

    project = models.ForeignKey(Project, models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=20, help_text="name of a notifier: teams, email, webhook, github")
    name = models.CharField(max_length=80)
    enabled = models.BooleanField(default=True)
    when = models.CharField(max_length=10, choices=list(OCCASIONS.items()), default="problems")
    settings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = models.Manager.from_queryset(ChannelQuerySet)()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_channel_of_a_name")]

    def __str__(self) -> str:
        return self.name
