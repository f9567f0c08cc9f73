from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from projects.api.authentication import owner_of


class PerOwner(SimpleRateThrottle):
    """So many requests a minute of one token or one person; strangers are counted by address."""

    scope = "owner"

    def get_cache_key(self, request: Request, view: Any) -> str:
        known = request.user is not None and request.user.is_authenticated
        return f"throttle:{owner_of(request) if known else self.get_ident(request)}"
