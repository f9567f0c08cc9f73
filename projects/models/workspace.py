from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from itertools import chain, count
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import slugify

from projects.models.public import PublicModel, PublicQuerySet


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    QA_LEAD = "qa_lead", "QA lead"
    ADMIN = "admin", "Admin"


# What each role may do, for people who give roles.
MEANING = {
    Role.VIEWER: "Sees projects, tests, runs and results, follows runs live, and comments.",
    Role.QA_LEAD: "Also adds projects and environments, crawls, reviews and edits tests, runs and aborts.",
    Role.ADMIN: "Also manages members, invitations, API tokens, secrets and notifications, and deletes.",
}
RANK = {Role.VIEWER: 10, Role.QA_LEAD: 20, Role.ADMIN: 30}


class Workspace(models.Model):
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def called(cls, name: str) -> Workspace:
        """A new workspace; its slug is made of the name, with a number behind it where that is taken."""
        stem = slugify(name)[:50] or "workspace"
        taken = set(cls.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
        slug = next(slug for slug in chain([stem], (f"{stem}-{number}" for number in count(2))) if slug not in taken)
        return cls.objects.create(name=name, slug=slug)


class Membership(models.Model):
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="one_membership_per_person")]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}"


class InvitationQuerySet(PublicQuerySet["Invitation"]):
    def open(self) -> InvitationQuerySet:
        """Those that can still be accepted."""
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())


class Invitation(PublicModel):
    """A link by which one person joins a workspace, once. Its text is shown once and kept as a digest."""

    PREFIX = "INV"
    DAYS = 7

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    note = models.CharField(max_length=80, default="", blank=True, help_text="whom it is for")
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = models.Manager.from_queryset(InvitationQuerySet)()

    def __str__(self) -> str:
        return f"{self.public_id} to {self.workspace}"

    @classmethod
    def issue(cls, workspace: Workspace, role: str, by: Any, note: str = "") -> tuple[Invitation, str]:
        """The row and the text that its link carries."""
        text = secrets.token_urlsafe(32)
        ends = timezone.now() + timedelta(days=cls.DAYS)
        fields = {"workspace": workspace, "role": role, "note": note, "invited_by": by, "expires_at": ends}
        return cls.objects.create(digest=cls.digest_of(text), **fields), text

    @staticmethod
    def digest_of(text: str) -> str:
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
