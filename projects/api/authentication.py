"""Bearer tokens: personal ones stand for a person, project tokens for CI on one project."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from projects.access import principal_of
from projects.models import ApiToken

REFUSED = "This token is unknown, revoked or expired."


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer sntr_pat_…` or `sntr_prj_…`. `request.auth` is the ApiToken."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed("Write 'Authorization: Bearer' and the token behind it.", "token_invalid")
        token = ApiToken.find(words[1].decode("latin-1"))
        principal = principal_of(token)
        if token is None or principal is None:
            raise AuthenticationFailed(REFUSED, "token_invalid")
        return principal, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="sentri"'


class InScope(BasePermission):
    """A token with scopes does only what they say: reading needs read or write, anything else needs write."""

    message = "This token may only read; the action needs the scope write."
    code = "scope_too_low"

    def has_permission(self, request: Request, view: Any) -> bool:
        scopes = request.auth.scopes if isinstance(request.auth, ApiToken) else []
        return not scopes or "write" in scopes or request.method in SAFE_METHODS


def owner_of(request: HttpRequest | Request) -> str:
    """Who is asking, for throttles and idempotency: `token:7` or `user:1`."""
    token = getattr(request, "auth", None)
    return f"token:{token.pk}" if isinstance(token, ApiToken) else f"user:{request.user.pk}"
