"""What somebody came in with, kept while a stream is open: whom it stands for is asked again and again."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from projects.access import principal_of
from projects.models import ApiToken


@dataclass(frozen=True)
class Credential:
    """A token's row number or a session's key; neither for a stranger."""

    token: int | None = None
    session: str | None = None

    @classmethod
    def of_header(cls, authorization: str) -> Credential:
        """What an Authorization header carries; a stranger's where it is no living bearer token."""
        scheme, _, text = authorization.partition(" ")
        found = ApiToken.find(text.strip()) if scheme.lower() == "bearer" else None
        return cls(token=found.pk if found else None)

    @classmethod
    def of_request(cls, request: Any) -> Credential:
        """What a request of the API was let in with."""
        token = getattr(request, "auth", None)
        return cls(token=token.pk) if isinstance(token, ApiToken) else cls(session=request.session.session_key)

    def principal(self) -> Any:
        """Whom it stands for at this moment; None once it was revoked, signed out, or made void by a new password."""
        if self.token is not None:
            row = ApiToken.living().select_related("user", "project__workspace").filter(pk=self.token).first()
            return principal_of(row)
        return _person_of(self.session) if self.session else None


def _person_of(session: str) -> Any:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session)
    user = get_user(request)
    return user if user.is_authenticated else None
