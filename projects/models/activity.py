from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from projects.models.project import Project
from projects.models.workspace import Workspace


class Activity(models.Model):
    """Who did what, when, in a project or a workspace. One line at start and end of each run, among others."""

    project = models.ForeignKey(Project, models.CASCADE, null=True, blank=True, related_name="activities")
    workspace = models.ForeignKey(
        Workspace,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="activities",
        help_text="where it is of no project",
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    actor_name = models.CharField(
        max_length=160, help_text="a person's name, or what acted: schedule, CI token, system"
    )
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=40, help_text="public id of what it was done to")
    detail = models.CharField(max_length=500, default="", blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "activities"
        constraints = [
            models.CheckConstraint(
                condition=Q(project__isnull=False, workspace=None) | Q(project=None, workspace__isnull=False),
                name="an_activity_is_of_a_project_or_of_a_workspace",
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.verb} {self.subject}"
