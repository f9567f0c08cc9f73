from __future__ import annotations

import logging
from typing import Any

from django import db
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from projects.api.authentication import owner_of

log = logging.getLogger(__name__)


class PerOwner(SimpleRateThrottle):
    """So many requests a minute of one token or one person; strangers are counted by address."""

    scope = "owner"

    def allow_request(self, request: Request, view: Any) -> bool:
        """Where the counts cannot be kept for a moment, nobody is counted: who reads should not be refused for that."""
        try:
            return bool(super().allow_request(request, view))
        except (OSError, RedisError, db.Error) as error:
            log.warning("requests are not counted: %s", error)
            return True

    def get_cache_key(self, request: Request, view: Any) -> str:
        known = request.user is not None and request.user.is_authenticated
        return f"throttle:{owner_of(request) if known else self.get_ident(request)}"
