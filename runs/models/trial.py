from __future__ import annotations

from django.conf import settings
from django.db import models

from projects.models import Environment, Project
from runs import states

STATES = [
    (states.QUEUED, "Waits for a worker"),
    (states.RUNNING, "Signs in"),
    (states.PASSED, "Signed in"),
    (states.FAILED, "Did not sign in"),
]


class Trial(models.Model):
    """One try of a sign-in: what was done step by step, a picture of the end, and why it failed.

    `site` is a snapshot as runs have one, `steps` are [{"sentence", "duration_ms"}].
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="trials")
    environment = models.ForeignKey(Environment, models.CASCADE, null=True, related_name="+")
    role = models.CharField(max_length=80, help_text="account, or the name of an auth profile")
    site = models.JSONField(default=dict, help_text="as it was when it was asked for; no secrets")
    status = models.CharField(max_length=10, choices=STATES, default=states.QUEUED)
    worker = models.CharField(max_length=120, default="", help_text="who tries it, as in its row")
    steps = models.JSONField(default=list)
    error = models.CharField(max_length=2000, default="")
    picture = models.BinaryField(null=True, help_text="JPEG")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.role}: {self.status}"

    @property
    def is_over(self) -> bool:
        return self.status in (states.PASSED, states.FAILED)
