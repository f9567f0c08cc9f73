"""Whom a project's application knows: its sign-ins, what they sign in with, and the sessions that are kept of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.crypto import salted_hmac

from projects.models import AuthProfile, Project, Session, UsedCode
from projects.models.entrusted import CREDENTIALS
from projects.secrets import SecretUnreadable, seal

ACCOUNT, VISITOR = "account", "visitor"
RESERVED = {
    ACCOUNT: "“account” is the project's own sign-in, which the general settings keep; take another name.",
    VISITOR: "“visitor” is who is not signed in; take another name.",
}
MOST_STATE = 2_000_000
KEPT_WINDOWS = 2_880


def names_of(project: Project) -> list[str]:
    """The names of the sign-ins beside the project's own."""
    return list(project.auth_profiles.values_list("name", flat=True))


def unknown_roles(project: Project, roles: Iterable[str]) -> str:
    """One sentence where a crawl is asked to go as somebody who is not known; nothing otherwise."""
    known = [ACCOUNT, VISITOR, *names_of(project)] if roles else []
    wrong = [role for role in roles if role not in known]
    return f"There is no sign-in called “{wrong[0]}”; there are {', '.join(known)}." if wrong else ""


def fingerprint(sealed: str, access: Mapping[str, Any], base_url: str) -> str:
    """Another text whenever one signs in elsewhere or with something else. Made of what is sealed, it says nothing."""
    parts = json.dumps([sealed, dict(access), base_url], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()


def sign_ins(project_id: int, base_url: str) -> dict[str, dict[str, Any]]:
    """Kind, access, secrets, origins and fingerprint of each sign-in that an address may get, by name.

    Raises Unreadable.
    """
    found = {}
    for row in AuthProfile.objects.filter(project=project_id):
        if row.strange(base_url):
            continue
        secrets = {name: str(value) for name, value in row.secrets.items()}
        headers = json.loads(secrets.pop("headers", "{}"))
        mark = fingerprint(row.sealed, row.access, base_url)
        found[row.name] = {**row.access, **secrets, "headers": headers, "kind": row.kind, "fingerprint": mark}
        found[row.name]["origins"] = row.origins.get(CREDENTIALS, [])
    return found


def kept_sessions(project_id: int, environment_id: int | None, marks: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The sessions of these roles that were made with these fingerprints; those that no key opens are none."""
    found = {}
    for row in Session.objects.filter(project=project_id, environment=environment_id, role__in=marks):
        if row.credentials == marks[row.role]:
            try:
                found[row.role] = json.loads(row.secrets["session"])
            except SecretUnreadable:
                continue
    return found


def last_probed(project: Project) -> dict[str, datetime]:
    """When a session of each role was last seen to hold, in any environment."""
    return dict(Session.objects.filter(project=project).order_by().values_list("role").annotate(Max("probed_at")))


def keep_session(place: tuple[int, int | None], role: str, mark: str, session: Mapping[str, Any]) -> None:
    """Keeps what a browser remembers of a sign-in, sealed, in place of what was kept before.

    `place` is a project and one of its environments. What is too large is not kept; signing in anew is cheaper.
    """
    text = json.dumps(session)
    if len(text) > MOST_STATE:
        return
    now = timezone.now()
    project, environment = place
    rows = Session.objects.filter(project=project, environment=environment, role=role)
    earlier = rows.first()
    if earlier is not None and earlier.credentials == mark and _holds(earlier, text):
        rows.update(probed_at=now)
        return
    key: dict[str, Any] = {"project_id": project, "environment_id": environment, "role": role}
    fields = {"sealed": seal({"session": text}), "credentials": mark, "signed_in_at": now, "probed_at": now}
    Session.objects.update_or_create(**key, defaults=fields)


def claim_code(secret: str, window: int) -> bool:
    """Whether the one-time code of a window is left to who asks first; then neither it nor an earlier one is to others.

    Sites that remember the last code refuse earlier ones as well.
    """
    mark = salted_hmac("one-time codes", secret, algorithm="sha256").hexdigest()
    UsedCode.objects.filter(window__lt=window - KEPT_WINDOWS).delete()
    if UsedCode.objects.filter(fingerprint=mark, window__lt=window).update(window=window):
        return True
    _, first = UsedCode.objects.get_or_create(fingerprint=mark, defaults={"window": window})
    return first


def forget_sessions(project: Project, role: str) -> None:
    Session.objects.filter(project=project, role=role).delete()


def _holds(row: Session, text: str) -> bool:
    try:
        return str(row.secrets["session"]) == text
    except SecretUnreadable:
        return False
