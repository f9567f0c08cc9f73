from __future__ import annotations

from django.db import models

from projects.models.project import Project
from projects.models.public import PublicModel, PublicQuerySet
from projects.secrets import Hidden, seal, unseal

OCCASIONS = {
    "always": "Every ended run",
    "problems": "Runs that failed, were aborted, or whose tests or gates failed",
    "changes": "Runs whose verdict differs from the one before",
}


class ChannelQuerySet(PublicQuerySet["Channel"]):
    """Channels by their public ids."""


class Channel(PublicModel):
    """Where a project's news go. `settings` holds what is no secret, `sealed` the rest."""

    PREFIX = "CH"

    project = models.ForeignKey(Project, models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=20, help_text="name of a notifier: teams, email, webhook, github")
    name = models.CharField(max_length=80)
    enabled = models.BooleanField(default=True)
    when = models.CharField(max_length=10, choices=list(OCCASIONS.items()), default="problems")
    settings = models.JSONField(default=dict, blank=True)
    sealed = models.TextField(default="", blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = models.Manager.from_queryset(ChannelQuerySet)()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_channel_of_a_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def secrets(self) -> dict[str, Hidden]:
        return unseal(self.sealed)

    def keep_secrets(self, **values: str | None) -> None:
        """Puts secrets in (a text) or takes them out (None); others stay. The row is not saved."""
        kept: dict[str, str] = {**self.secrets}
        for name, value in values.items():
            if value is None:
                kept.pop(name, None)
            else:
                kept[name] = value
        self.sealed = seal(kept)
