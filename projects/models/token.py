"""API tokens (shown once, stored hashed) and replies kept for idempotency keys."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from projects.models.project import Project
from projects.models.public import PublicModel, PublicQuerySet
from projects.unwritable import best_effort

PERSONAL, PROJECT = "sntr_pat_", "sntr_prj_"


class ApiTokenQuerySet(PublicQuerySet["ApiToken"]):
    """Tokens by their public ids."""


class ApiToken(PublicModel):
    PREFIX = "TOK"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="api_tokens")
    project = models.ForeignKey(Project, models.CASCADE, null=True, blank=True, related_name="api_tokens")
    name = models.CharField(max_length=80)
    hint = models.CharField(max_length=20, help_text="its first letters, to recognise it")
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list, blank=True, help_text="read, write; empty means both")
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = models.Manager.from_queryset(ApiTokenQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, project=None) | Q(user=None, project__isnull=False),
                name="a_token_is_of_a_person_or_of_a_project",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @classmethod
    def issue(
        cls, name: str, *, user: Any = None, project: Project | None = None, **fields: Any
    ) -> tuple[ApiToken, str]:
        """The row and the token's text, which is not kept anywhere."""
        text = (PERSONAL if user is not None else PROJECT) + secrets.token_urlsafe(32)
        row = cls.objects.create(
            name=name, user=user, project=project, hint=text[:14], digest=cls.digest_of(text), **fields
        )
        return row, text

    @staticmethod
    def digest_of(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    @classmethod
    def living(cls, now: datetime | None = None) -> PublicQuerySet[ApiToken]:
        """Tokens that are neither revoked nor expired."""
        return ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now or timezone.now()), revoked_at=None)

    @classmethod
    def find(cls, text: str, now: datetime | None = None) -> ApiToken | None:
        """The living token with this text, its last use noted (to the minute)."""
        now = now or timezone.now()
        row = cls.living(now).select_related("user", "project__workspace").filter(digest=cls.digest_of(text)).first()
        if row and (row.last_used_at is None or (now - row.last_used_at).total_seconds() > 60):
            best_effort("The last use of a token", lambda: cls.objects.filter(pk=row.pk).update(last_used_at=now))
        return row


class IdempotentReply(models.Model):
    """What was answered to a write that carried an Idempotency-Key; the same key gets the same answer for a day."""

    owner = models.CharField(max_length=80, help_text="user:1 or token:7")
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="one_reply_per_key")]

    def __str__(self) -> str:
        return f"{self.owner} {self.key}"
