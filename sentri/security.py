"""What a browser may load on our pages: nothing from elsewhere, no inline script or style."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

OURS = (
    "default-src 'self'; img-src 'self' data: blob:; connect-src 'self' {socket}; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
# The admin's theme evaluates expressions that stand in its markup.
ADMIN = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'"
)


class ContentSecurityPolicy(MiddlewareMixin):
    """Sends the policy of the page, unless the view has sent one of its own."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if "Content-Security-Policy" not in response:
            response["Content-Security-Policy"] = policy(request)
        return response


def policy(request: HttpRequest) -> str:
    if request.path.startswith("/admin/"):
        return ADMIN
    scheme = "wss" if request.is_secure() else "ws"
    return OURS.format(socket=f"{scheme}://{request.get_host()}")
