"""What comes in: values that refuse unknown fields. (What goes out is in `serializers`.)"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from projects.masked import why_not_masked
from projects.origins import origin_of, page_address

TOKEN_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# Whatever their value, it lets somebody in: they are kept as secrets alone.
CREDENTIAL_HEADERS = {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token"}
OWN_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}


def not_blank(text: str) -> str:
    trimmed = text.strip()
    if not trimmed:
        raise ValueError("This may not be blank.")
    return trimmed


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018
    except ValueError as error:
        raise ValueError("This is not an address of the web; write it as https://shop.example.com.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\x00-\x1f\\]", url):
        raise ValueError("This is not an address of the web; write it as https://shop.example.com.")
    if "@" in parts.netloc:
        raise ValueError("Leave user name and password out of the address; put them into credentials.")
    refusal = settings.GUARD.refuses_url(url)
    if refusal:
        raise ValueError(f"This address is not opened: {refusal}.")
    return url


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not TOKEN_NAME.fullmatch(name):
            raise ValueError(f"'{name[:60]}' is not the name of a header.")
        if name.lower() in OWN_HEADERS:
            raise ValueError(f"The header {name} is set by the browser and cannot be given.")
        if not value.isprintable():
            raise ValueError(f"The value of {name} has characters that a header cannot carry.")
    return headers


def _open_headers(headers: dict[str, str]) -> dict[str, str]:
    for name in headers:
        if name.lower() in CREDENTIAL_HEADERS:
            raise ValueError(f"{name} lets somebody in; give it as a secret header, which is kept encrypted.")
    return headers


def _variables(variables: dict[str, str]) -> dict[str, str]:
    for name in variables:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]{0,79}", name):
            raise ValueError(f"'{name[:60]}' is not a name; use letters, digits, dots and underscores.")
    return variables


def _secret(value: str) -> str:
    problem = why_not_masked(value)
    if problem:
        raise ValueError(problem)
    return value


def _secret_headers(headers: dict[str, str | None]) -> dict[str, str | None]:
    _headers({name: value or "" for name, value in headers.items()})
    return headers


def _secret_variables(variables: dict[str, str | None]) -> dict[str, str | None]:
    _variables({name: value or "" for name, value in variables.items()})
    return variables


def _origin(url: str) -> str:
    if urlsplit(url).path not in ("", "/") or urlsplit(url).query or urlsplit(url).fragment:
        raise ValueError("Write scheme, host and port only, such as https://login.example.com.")
    return origin_of(url)


Name = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(not_blank)]
Title = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(not_blank)]
WebAddress = Annotated[str, Field(max_length=2000), AfterValidator(_web_address)]
Short = Annotated[str, Field(max_length=4000)]
Secret = Annotated[Short, AfterValidator(_secret)]
SecretHeaders = Annotated[
    dict[str, Secret | None],
    Field(
        max_length=50, description="kept encrypted, shown and stored nowhere else; what is not given stays, null goes"
    ),
    AfterValidator(_secret_headers),
]
SecretVariables = Annotated[
    dict[str, Secret | None],
    Field(max_length=200, description="for {{ name }} in tests; kept and shown like secret headers"),
    AfterValidator(_secret_variables),
]
Origin = Annotated[WebAddress, AfterValidator(_origin)]
Origins = Annotated[
    list[Origin],
    Field(max_length=20, description="where the password may be typed besides the project's own, as in single sign-on"),
]
Follow = Annotated[
    bool, Field(description="whether what is secret may be sent to the present or new address as well; needs an admin")
]
Headers = Annotated[dict[str, Short], Field(max_length=50), AfterValidator(_headers)]
OpenHeaders = Annotated[Headers, AfterValidator(_open_headers)]
Variables = Annotated[dict[str, Short], Field(max_length=200), AfterValidator(_variables)]
ConcurrentRuns = Annotated[int, Field(ge=1, le=64, description="runs at a time; further ones wait")]
ApprovingScore = Annotated[
    int, Field(ge=50, le=100, description="proved proposals with this score or more are approved at once; null = none")
]
Selector = Annotated[str, Field(min_length=1, max_length=300)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self) -> dict[str, Any]:
        """The fields that the client sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class CredentialsIn(Body):
    """A sign-in for the site; kept encrypted, never shown again. Selectors are found where they are not given."""

    username: Annotated[str, Field(min_length=1, max_length=300)]
    password: Annotated[str, Field(min_length=1, max_length=300)]
    login_url: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(page_address)] | None = None
    username_selector: Selector | None = None
    password_selector: Selector | None = None
    submit_selector: Selector | None = None
    exclusive: bool = Field(default=False, description="one test at a time signs in with it, in all runs")
    origins: Origins = []

    def access(self) -> dict[str, Any]:
        """What is no secret in it."""
        return self.model_dump(exclude={"username", "password", "origins"}, exclude_none=True, exclude_defaults=True)


class Edit(Body):
    """A partial edit: what is not given stays. Null takes away what need not be there."""

    may_be_null: ClassVar[frozenset[str]] = frozenset({"credentials", "auto_approve_score"})

    @model_validator(mode="after")
    def _no_nulls(self) -> Edit:
        given = self.given()
        nulls = sorted(name for name, value in given.items() if value is None and name not in self.may_be_null)
        if nulls:
            raise ValueError(f"{', '.join(nulls)} may not be null; leave out what should stay.")
        return self


class NewProject(Body):
    name: Title
    url: WebAddress
    workspace: str | None = Field(default=None, max_length=60, description="slug; needed by members of several")
    credentials: CredentialsIn | None = None
    headers: OpenHeaders = {}
    variables: Variables = {}
    secret_headers: SecretHeaders = {}
    secret_variables: SecretVariables = {}
    max_concurrent_runs: ConcurrentRuns = 3
    auto_approve_score: ApprovingScore | None = None


class ProjectEdit(Edit):
    name: Title | None = None
    url: WebAddress | None = None
    credentials: CredentialsIn | None = None
    headers: OpenHeaders | None = None
    variables: Variables | None = None
    secret_headers: SecretHeaders | None = None
    secret_variables: SecretVariables | None = None
    secrets_follow: Follow | None = None
    max_concurrent_runs: ConcurrentRuns | None = None
    auto_approve_score: ApprovingScore | None = None


class NewEnvironment(Body):
    name: Name
    base_url: WebAddress
    credentials: CredentialsIn | None = None
    headers: OpenHeaders = {}
    variables: Variables = {}
    secret_headers: SecretHeaders = {}
    secret_variables: SecretVariables = {}


class EnvironmentEdit(Edit):
    name: Name | None = None
    base_url: WebAddress | None = None
    credentials: CredentialsIn | None = None
    headers: OpenHeaders | None = None
    variables: Variables | None = None
    secret_headers: SecretHeaders | None = None
    secret_variables: SecretVariables | None = None
    secrets_follow: Follow | None = None


def _in_the_future(moment: datetime) -> datetime:
    if moment <= timezone.now():
        raise ValueError("This time is over; a token expires in the future.")
    return moment


class NewToken(Body):
    """A token's scopes: read, write (which includes read); none mean both."""

    name: Name
    scopes: list[Literal["read", "write"]] = Field(default=[], max_length=2)
    expires_at: Annotated[AwareDatetime, AfterValidator(_in_the_future)] | None = None


class NewWorkspace(Body):
    name: Title


class MemberEdit(Body):
    role: Literal["viewer", "qa_lead", "admin"]


class NewInvitation(Body):
    """A link by which one person joins, once and within seven days."""

    role: Literal["viewer", "qa_lead", "admin"] = "viewer"
    note: str = Field(default="", max_length=80, description="whom it is for")
