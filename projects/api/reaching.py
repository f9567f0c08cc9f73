"""Writes to what can be reached: projects and environments with their sealed credentials."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from django.db import IntegrityError, transaction

from projects.api.inputs import CredentialsIn
from projects.api.problems import Invalid
from projects.models.project import Reachable
from projects.secrets import Unreadable

SECRET = ("username", "password")


def given(body: Any, leave_out: Set[str] = frozenset()) -> dict[str, Any]:
    """The fields that the client sent as JSON values, credentials as they came."""
    fields: dict[str, Any] = body.model_dump(mode="json", exclude_unset=True, exclude={"credentials", *leave_out})
    return fields | ({"credentials": body.credentials} if "credentials" in body.model_fields_set else {})


def put(row: Reachable, given: Mapping[str, Any]) -> None:
    """Puts the given fields into the row and saves it. Raises Invalid where the name is taken."""
    for name, value in given.items():
        if name == "credentials":
            put_credentials(row, value)
        else:
            setattr(row, name, value)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Invalid({"name": "This name is taken."}) from error


def put_credentials(row: Reachable, credentials: CredentialsIn | None) -> None:
    """Seals a sign-in, or takes it out. What no configured key opens any more is replaced."""
    try:
        row.secrets  # noqa: B018
    except Unreadable:
        row.sealed = ""
    values = dict.fromkeys(SECRET) if credentials is None else credentials.model_dump(include=set(SECRET))
    row.keep_secrets(**values)
    row.access = {} if credentials is None else credentials.access()
