"""Writes to what can be reached: projects and environments with their sealed secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import ADMIN, QA_LEAD
from projects.api.inputs import CredentialsIn, Edit
from projects.api.problems import Invalid
from projects.entrusting import (
    TrustChange,
    clashes,
    enter_credentials,
    enter_secrets,
    forget_credentials,
    move,
)
from projects.models.entrusted import HEADER, VARIABLE
from projects.models.project import Reachable
from projects.origins import origin_of

ADDRESSES = ("url", "base_url")
Write = Callable[..., Response]
SECRET_KINDS = {"secret_headers": HEADER, "secret_variables": VARIABLE}
CONFIDENTIAL = frozenset({"credentials", "secrets_follow", *SECRET_KINDS})


def needed_for(body: Any) -> str:
    """The role that may send these fields: secrets, and where they go, are an admin's."""
    taken_away = isinstance(body, Edit) and "credentials" in body.model_fields_set
    return ADMIN if taken_away or any(getattr(body, name, None) for name in CONFIDENTIAL) else QA_LEAD


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


def put(row: Reachable, given: Mapping[str, Any]) -> list[TrustChange]:
    """Puts the given fields into the row and saves it; what is to be noted of it.

    Raises Invalid where the name is taken, or something is given both in the open and as a secret.
    """
    before = row.address if row.pk else ""
    for name, value in given.items():
        if name not in CONFIDENTIAL:
            setattr(row, name, value)
    changes = move(row, before, follow=bool(given.get("secrets_follow")))
    for name, kind in SECRET_KINDS.items():
        changes += enter_secrets(row, kind, given.get(name) or {})
    if "credentials" in given:
        changes += put_credentials(row, given["credentials"])
    twice = clashes(row, given)
    if twice:
        raise Invalid(twice)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Invalid({"name": "This name is taken."}) from error
    return changes


def put_credentials(row: Reachable, credentials: CredentialsIn | None) -> list[TrustChange]:
    """Seals a sign-in, or takes it out. What no configured key opens any more is replaced. Raises Invalid."""
    if credentials is None:
        return forget_credentials(row)
    elsewhere = strange_login(credentials.login_url, [row.address, *credentials.origins])
    if elsewhere:
        raise Invalid({"credentials.login_url": elsewhere})
    row.access = credentials.access()
    values = credentials.model_dump(include={"username", "password"})
    return enter_credentials(row, values, credentials.origins)


def strange_login(login_url: str | None, origins: list[str]) -> str:
    """One sentence where the sign-in page is on an origin that the sign-in was not entered for."""
    if not login_url or not urlsplit(login_url).netloc or urlsplit(login_url).scheme not in ("http", "https"):
        return ""
    there = origin_of(login_url)
    known = {origin_of(origin) for origin in origins}
    return "" if there in known else f"{there} is another site; name it in origins, if the password may be typed there."
