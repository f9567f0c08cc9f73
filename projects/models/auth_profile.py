"""Sign-ins to the application under test beside the project's own, and the sessions that are kept of all of them."""

from __future__ import annotations

import json

from django.db import models

from projects.models.entrusted import Entrusted
from projects.models.environment import Environment
from projects.models.project import Project
from projects.models.public import PublicModel, PublicQuerySet
from projects.models.sealed import Sealed

KINDS = [("form", "A form"), ("basic", "HTTP basic"), ("headers", "Request headers")]


class AuthProfileQuerySet(PublicQuerySet["AuthProfile"]):
    """Sign-ins by their public ids."""


class AuthProfile(PublicModel, Entrusted):
    """A named sign-in, for a role that the application knows: a member, an editor, an administrator.

    `access` holds login_url, selectors and exclusive; `sealed` holds username, password, totp and, as JSON, headers.
    """

    PREFIX = "AUTH"

    project = models.ForeignKey(Project, models.CASCADE, related_name="auth_profiles")
    name = models.CharField(max_length=80, help_text="what tests and crawls call it by; account is the project's own")
    kind = models.CharField(max_length=8, choices=KINDS, default="form")
    access = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = models.Manager.from_queryset(AuthProfileQuerySet)()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_auth_profile_of_a_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        return self.project.url

    @property
    def header_names(self) -> list[str]:
        """Which headers it sends, without what they say. Raises Unreadable."""
        return list(json.loads(self.secrets.get("headers", "{}")))


class UsedCode(models.Model):
    """The last one-time code that any worker was given of a secret, which only its fingerprint stands for."""

    fingerprint = models.CharField(max_length=64, help_text="keyed hash of the secret")
    window = models.PositiveBigIntegerField(help_text="seconds since 1970 by 30")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fingerprint"], name="one_last_code_of_a_secret")]

    def __str__(self) -> str:
        return f"code of window {self.window}"


class Session(Sealed):
    """What a browser remembers of a sign-in (`sealed` holds the storage state as JSON), until it is worth nothing."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="sessions")
    environment = models.ForeignKey(Environment, models.CASCADE, null=True, blank=True, related_name="sessions")
    role = models.CharField(max_length=80, help_text="account, or the name of an auth profile")
    credentials = models.CharField(max_length=64, default="", help_text="fingerprint of what it was signed in with")
    signed_in_at = models.DateTimeField()
    probed_at = models.DateTimeField(help_text="when it was last seen to hold")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "role"], condition=models.Q(environment=None), name="one_session_of_a_role"
            ),
            models.UniqueConstraint(fields=["environment", "role"], name="one_session_of_a_role_there"),
        ]

    def __str__(self) -> str:
        return self.role
