from __future__ import annotations

import secrets
from typing import Self

from django.db import models
from django.utils import timezone

from projects.models.entrusted import CREDENTIALS, Entrusted
from projects.models.public import PublicModel, PublicQuerySet
from projects.models.workspace import Workspace
from projects.secrets import Hidden, seal, unseal


class Reachable(Entrusted):
    """What an application needs to be reached and signed in to; shared by projects and environments.

    `access` holds login_url and selectors (no secrets); `sealed` holds username, password, and what is
    secret of headers and variables.
    """

    headers = models.JSONField(default=dict, blank=True)
    variables = models.JSONField(default=dict, blank=True)
    access = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True

    @property
    def has_credentials(self) -> bool:
        return CREDENTIALS in self.origins


class NameTaken(Exception):
    """What is to be brought back cannot be, for something else has its place meanwhile."""


class ProjectQuerySet(PublicQuerySet["Project"]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)


class Project(PublicModel, Reachable):
    PREFIX = "PRJ"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="projects")
    name = models.CharField(max_length=120)
    url = models.URLField(max_length=2000)
    settings = models.JSONField(default=dict, blank=True, help_text="defaults of crawl and run options")
    quality_gates = models.JSONField(default=dict, blank=True)
    web_vitals_budgets = models.JSONField(default=dict, blank=True)
    max_concurrent_runs = models.PositiveSmallIntegerField(default=3, help_text="further runs wait in the queue")
    auto_approve_score = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="proved proposals with this score or more are approved at once; empty = none"
    )
    callback_secret = models.TextField(default="", blank=True, editable=False, help_text="sealed; signs callbacks")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = models.Manager.from_queryset(ProjectQuerySet)()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], condition=models.Q(deleted_at=None), name="one_living_project_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        return self.url

    def signing_secret(self) -> Hidden:
        """What callbacks and webhooks are signed with; made at its first use. Raises Unreadable."""
        if not self.callback_secret:
            made = seal({"callback": _new_secret()})
            Project.objects.filter(pk=self.pk, callback_secret="").update(callback_secret=made)
            self.refresh_from_db(fields=["callback_secret"])
        return unseal(self.callback_secret)["callback"]

    def renew_signing_secret(self) -> str:
        """A new secret in place of the old one, to be shown once."""
        made = _new_secret()
        self.callback_secret = seal({"callback": made})
        self.save(update_fields=["callback_secret", "updated_at"])
        return made

    def delete_softly(self) -> None:
        self.deleted_at = timezone.now()
        self.save(update_fields=["deleted_at", "updated_at"])

    def undelete(self, name: str = "") -> None:
        """Brings it back, by another name if one is given. Raises Taken where a living project has the name."""
        self.name = name or self.name
        self.deleted_at = None
        if self.workspace.projects.filter(name=self.name, deleted_at=None).exclude(pk=self.pk).exists():
            raise NameTaken(f"There is a project called “{self.name}” now; give this one another name.")
        self.save(update_fields=["name", "deleted_at", "updated_at"])


def _new_secret() -> str:
    return f"sntr_sig_{secrets.token_urlsafe(32)}"
