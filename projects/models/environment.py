from __future__ import annotations

from django.db import models

from projects.models.project import Project, Reachable
from projects.models.public import PublicModel, PublicQuerySet


class EnvironmentQuerySet(PublicQuerySet["Environment"]):
    """Environments by their public ids."""


class Environment(PublicModel, Reachable):
    PREFIX = "ENV"

    project = models.ForeignKey(Project, models.CASCADE, related_name="environments")
    name = models.CharField(max_length=80)
    base_url = models.URLField(max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = models.Manager.from_queryset(EnvironmentQuerySet)()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_environment_of_a_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        return self.base_url
