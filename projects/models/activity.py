from __future__ import annotations

from django.conf import settings
from django.db import models

from projects.models.project import Project


class Activity(models.Model):
    """Who did what, when. One line at the start and one at the end of each run, among others."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="activities")
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

    def __str__(self) -> str:
        return f"{self.actor_name} {self.verb} {self.subject}"
