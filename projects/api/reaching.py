"""Writes to what can be reached: projects and environments with their sealed credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.inputs import CredentialsIn
from projects.api.problems import Invalid
from projects.models.project import Reachable
from projects.secrets import Unreadable

SECRET = ("username", "password")
ADDRESSES = ("url", "base_url")
Write = Callable[..., Response]


def given(body: Any, leave_out: Set[str] = frozenset()) -> dict[str, Any]:
    """The fields that the client sent as JSON values, credentials as they came."""
    fields: dict[str, Any] = body.model_dump(mode="json", exclude_unset=True, exclude={"credentials", *leave_out})
    return fields | ({"credentials": body.credentials} if "credentials" in body.model_fields_set else {})


def judged(write: Write) -> Write:
    """Wraps a method of a view: 422 for an address to test whose name leads to where nothing is opened.

    Names are resolved here, so this stands around `idempotent`, whose transaction must not wait for a name server.
    """

    @wraps(write)
    def checked(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = request.data if isinstance(request.data, Mapping) else {}
        for name in ADDRESSES:
            refusal = refusal_of(given.get(name))
            if refusal:
                raise Invalid({name: refusal})
        return write(view, request, *args, **kwargs)

    return checked


def refusal_of(url: Any) -> str | None:
    """Why a web address may not be tested, by what its name leads to now; its text is judged where it is read."""
    if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")):
        return None
    refusal = None if settings.GUARD.refuses_url(url) else settings.GUARD.refuses(url)
    return f"This address is not opened: {refusal}." if refusal else None


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
