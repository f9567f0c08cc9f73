"""Whether a request began on this machine."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest


def is_from_here(request: HttpRequest) -> bool:
    """From a loopback address; what a proxy on this machine forwards comes from elsewhere."""
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    try:
        return not forwarded and ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
