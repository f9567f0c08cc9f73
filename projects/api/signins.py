"""Writes to the sign-ins of a project: what is taken, what a kind needs, and what is forgotten with a change."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from pydantic import AfterValidator, Field, model_validator

from projects.accounts import RESERVED, forget_sessions
from projects.api.inputs import Body, Headers, Name, Origins, Selector
from projects.api.problems import Invalid
from projects.models import AuthProfile
from projects.models.entrusted import CREDENTIALS
from projects.origins import origin_of, page_address, trusts
from projects.secrets import SecretUnreadable

ACCESS = ("login_url", "username_selector", "password_selector", "submit_selector")
SECRET = ("username", "password", "totp", "headers")
USES: dict[str, tuple[str, ...]] = {
    "form": ("username", "password", "totp", *ACCESS),
    "basic": ("username", "password"),
    "headers": ("headers",),
}
NEEDS: dict[str, tuple[str, ...]] = {
    "form": ("username", "password"),
    "basic": ("username", "password"),
    "headers": ("headers",),
}
CALLED = {"form": "through a form", "basic": "by HTTP basic", "headers": "by request headers"}


def _free(name: str) -> str:
    if name.casefold() in RESERVED:
        raise ValueError(RESERVED[name.casefold()])
    return name


def _base32(secret: str) -> str:
    """The secret as authenticator apps write it, without the gaps that people read it by."""
    written = "".join(secret.split()).replace("-", "").upper().rstrip("=")
    try:
        base64.b32decode(written + "=" * (-len(written) % 8))
    except (binascii.Error, ValueError) as error:
        raise ValueError(
            "This is no base32 secret: letters A to Z and digits 2 to 7, as the site showed it."
        ) from error
    if not written:
        raise ValueError("This may not be blank.")
    return written


RoleName = Annotated[Name, AfterValidator(_free)]
Word = Annotated[str, Field(min_length=1, max_length=300)]
Totp = Annotated[str, Field(max_length=300), AfterValidator(_base32)]
SomeHeaders = Annotated[Headers, Field(min_length=1)]
Address = Annotated[str, Field(min_length=1, max_length=2000)]


class NewAuthProfile(Body):
    """A further sign-in: form with username and password, maybe totp; basic with both; headers with headers."""

    name: RoleName
    kind: Literal["form", "basic", "headers"] = "form"
    username: Word | None = None
    password: Word | None = None
    totp: Totp | None = Field(default=None, description="base32 secret of one-time codes")
    headers: SomeHeaders | None = Field(default=None, description="sent with each request to the site; kept encrypted")
    login_url: Address | None = Field(default=None, description="path of the sign-in page, or its address on this site")
    username_selector: Selector | None = None
    password_selector: Selector | None = None
    submit_selector: Selector | None = None
    exclusive: bool = Field(default=False, description="one test at a time signs in with it, in all runs")
    origins: Origins = []


class AuthProfileEdit(Body):
    """What is not given stays. `totp`, `login_url` and selectors may be null, which takes them away."""

    name: RoleName | None = None
    username: Word | None = None
    password: Word | None = None
    totp: Totp | None = None
    headers: SomeHeaders | None = None
    login_url: Address | None = None
    username_selector: Selector | None = None
    password_selector: Selector | None = None
    submit_selector: Selector | None = None
    exclusive: bool | None = None
    origins: Origins | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> AuthProfileEdit:
        nulls = sorted(name for name, value in self.given().items() if value is None and name not in ("totp", *ACCESS))
        if nulls:
            raise ValueError(f"{', '.join(nulls)} may not be null; leave out what should stay.")
        return self


def put_sign_in(row: AuthProfile, given: Mapping[str, Any]) -> None:
    """Puts the given fields into the row and saves it; sessions of what it was are forgotten. Raises Invalid."""
    misfits = {
        name: f"A sign-in {CALLED[row.kind]} has no {name}."
        for name, value in given.items()
        if name in (*SECRET, *ACCESS) and value is not None and name not in USES[row.kind]
    }
    if misfits:
        raise Invalid(misfits)
    _seal(row, {name: given[name] for name in SECRET if name in given})
    _entrust(row, given)
    was = row.name
    row.name = given.get("name", row.name)
    row.access = _access(row, given)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Invalid({"name": "This name is taken."}) from error
    forget_sessions(row.project, was)


def drop_sign_in(row: AuthProfile) -> None:
    forget_sessions(row.project, row.name)
    row.delete()


def _entrust(row: AuthProfile, given: Mapping[str, Any]) -> None:
    """The origins that are named, and the project's; else those it has, where what is entered is for the project's."""
    own, known = origin_of(row.project.url), row.origins.get(CREDENTIALS, [])
    entered = any(given.get(name) for name in SECRET)
    if given.get("origins") is not None:
        known = list(dict.fromkeys([own, *given["origins"]]))
    elif entered and not trusts(known, own):
        known = [own]
    row.origins = {CREDENTIALS: known}


def _seal(row: AuthProfile, secrets: Mapping[str, Any]) -> None:
    try:
        kept = set(row.secrets)
    except SecretUnreadable:
        kept, row.sealed, row.origins = set(), "", {}
    there = (kept | {name for name, value in secrets.items() if value}) - {
        name for name, value in secrets.items() if not value
    }
    missing = {name: f"A sign-in {CALLED[row.kind]} needs this." for name in NEEDS[row.kind] if name not in there}
    if missing:
        raise Invalid(missing)
    row.keep_secrets(**{name: json.dumps(value) if name == "headers" else value for name, value in secrets.items()})


def _access(row: AuthProfile, given: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {**row.access, **{name: given[name] for name in (*ACCESS, "exclusive") if name in given}}
    if wanted.get("login_url"):
        wanted["login_url"] = _path(wanted["login_url"], row.project.url)
    return {name: value for name, value in wanted.items() if value}


def _path(login_url: str, base_url: str) -> str:
    """The sign-in page as a path, so that it is found in every environment. Raises Invalid."""
    try:
        page = page_address(login_url)
    except ValueError as error:
        raise Invalid({"login_url": str(error)}) from error
    parts = urlsplit(page)
    if not page.startswith("/") and origin_of(page) != origin_of(base_url):
        sentence = "This is another site than the project's; write the path of the sign-in page, such as /login."
        raise Invalid({"login_url": sentence})
    return parts._replace(scheme="", netloc="").geturl()
