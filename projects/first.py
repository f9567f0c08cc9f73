"""The first account: made by whoever started Sentri, on a page that is there until it exists.

Nobody is an admin yet who could let others in, so the page asks for what only the operator has: to sit at the machine,
or the key that stands in its log.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

from projects.access import ADMIN
from projects.here import is_from_here
from projects.models import Membership, Workspace


class SomebodyWasFirst(Exception):
    """There is an account already; it lets others in."""


def nobody_yet() -> bool:
    return not User.objects.exists()


def key() -> str:
    """What the link in the log carries. All processes know it, and it is worth nothing once there is an account."""
    return salted_hmac("projects.first", "the first account", algorithm="sha256").hexdigest()[:32]


def is_operator(request: HttpRequest) -> bool:
    return is_from_here(request) or constant_time_compare(request.GET.get("key", ""), key())


def first_account(name: str, password: str, workspace: str) -> tuple[User, Workspace]:
    """An admin of the whole installation with a workspace of their own. Raises SomebodyWasFirst."""
    with transaction.atomic():
        _one_at_a_time()
        if not nobody_yet():
            raise SomebodyWasFirst
        user: Any = User.objects.create_superuser(name, password=password)
        place = Workspace.called(workspace)
        Membership.objects.create(workspace=place, user=user, role=ADMIN)
    return user, place


def _one_at_a_time() -> None:
    """SQLite lets one transaction write at a time; PostgreSQL is asked to."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {User._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
