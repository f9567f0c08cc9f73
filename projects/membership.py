"""Who belongs to a workspace: inviting, joining, other roles, leaving. What pages, API and commands share."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from projects.access import ADMIN, name_of, person, roles_from
from projects.models import Activity, Invitation, Membership, Workspace
from projects.models.workspace import Role

NEVER_OPEN = "This invitation was used or revoked, or is older than seven days. Ask for a new one."


class NotPossible(Exception):
    """The state of things forbids it; the message says what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def note(workspace: Workspace, actor: Any, verb: str, subject: str, detail: str = "") -> None:
    """One line in the workspace's log of activity."""
    Activity.objects.create(
        workspace=workspace,
        actor=person(actor),
        actor_name=name_of(actor)[:160],
        verb=verb,
        subject=subject[:40],
        detail=detail[:500],
    )


def give_role(workspace: Workspace, member: int, role: str, actor: Any) -> Membership:
    """Another role for a member, by the membership's number. Raises NotPossible, Membership.DoesNotExist."""
    with transaction.atomic():
        found = _locked(workspace, member)
        if found.role == role:
            return found
        if role != ADMIN:
            _require_another_admin(found)
        before, found.role = Role(found.role).label, role
        found.save(update_fields=["role"])
        note(workspace, actor, "role changed", found.user.get_username(), f"from {before} to {Role(role).label}")
    return found


def remove(workspace: Workspace, member: int, actor: Any) -> Membership:
    """Takes a member out; their tokens and sockets see nothing of it any more. Raises as give_role does."""
    with transaction.atomic():
        found = _locked(workspace, member)
        _require_another_admin(found)
        found.delete()
        verb = "left the workspace" if found.user == person(actor) else "member removed"
        note(workspace, actor, verb, found.user.get_username(), Role(found.role).label)
    return found


def invite(workspace: Workspace, role: str, actor: Any, for_whom: str = "") -> tuple[Invitation, str]:
    """An invitation and the text of its link."""
    with transaction.atomic():
        row, text = Invitation.issue(workspace, role, person(actor), for_whom)
        note(workspace, actor, "invitation made", row.public_id, f"{Role(role).label} {for_whom}".strip())
    return row, text


def revoke(workspace: Workspace, invitation: Invitation, actor: Any) -> None:
    """Takes an open invitation back; one that is not open stays as it is."""
    with transaction.atomic():
        if Invitation.objects.open().filter(pk=invitation.pk).update(revoked_at=timezone.now()):
            note(workspace, actor, "invitation revoked", invitation.public_id, invitation.note)


def open_invitation(text: str) -> Invitation:
    """The invitation that a link carries. Raises NotPossible."""
    rows = Invitation.objects.open().select_related("workspace", "invited_by")
    found = rows.filter(digest=Invitation.digest_of(text)).first()
    if found is None:
        raise NotPossible("invitation_over", NEVER_OPEN)
    return found


def accept(invitation: Invitation, user: Any) -> Membership:
    """Joins, once; of two who hold one link the first. Raises NotPossible. Call it where the account is made."""
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=invitation.workspace_id)
        held = Membership.objects.filter(workspace=invitation.workspace, user=user).first()
        if held is not None and Role(invitation.role) not in roles_from(held.role)[1:]:
            raise NotPossible("member_already", f"You are a member of {invitation.workspace} already.")
        rows = Invitation.objects.open().filter(pk=invitation.pk)
        if not rows.update(used_at=timezone.now(), used_by=user):
            raise NotPossible("invitation_over", NEVER_OPEN)
        fields = {"workspace": invitation.workspace, "user": user, "defaults": {"role": invitation.role}}
        found, _ = Membership.objects.update_or_create(**fields)
        detail = f"{Role(found.role).label}, invited by {invitation.invited_by or 'somebody who has left'}"
        note(invitation.workspace, user, "joined the workspace", invitation.public_id, detail)
    return found


def _locked(workspace: Workspace, member: int) -> Membership:
    """The membership, with its workspace locked: of two admins who demote each other only one does."""
    Workspace.objects.select_for_update().get(pk=workspace.pk)
    return Membership.objects.select_related("user").get(workspace=workspace, pk=member)


def _require_another_admin(member: Membership) -> None:
    if member.role != ADMIN:
        return
    others = Membership.objects.filter(workspace=member.workspace_id, role=ADMIN, user__is_active=True)
    if not others.exclude(pk=member.pk).exists():
        raise NotPossible("last_admin", "This is the last admin of the workspace: make somebody else an admin first.")
