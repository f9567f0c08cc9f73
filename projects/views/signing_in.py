"""Signing in, with a pause after too many failures."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

FAILURES = 10
PAUSE_SECONDS = 15 * 60


class SignIn(LoginView):
    """Refuses an account for a while from the address that failed too often, right password or not."""

    template_name = "projects/sign_in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if cache.get(_key(request), 0) < FAILURES:
            return super().post(request, *args, **kwargs)
        form = AuthenticationForm(request)
        minutes = PAUSE_SECONDS // 60
        refusal = f"Too many failed sign-ins for this account from your address. Try again in {minutes} minutes."
        response = self.render_to_response(self.get_context_data(form=form, refusal=refusal), status=429)
        response["Retry-After"] = str(PAUSE_SECONDS)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        key = _key(self.request)
        if not cache.add(key, 1, PAUSE_SECONDS):
            cache.incr(key)
        return super().form_invalid(form)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        cache.delete(_key(self.request))
        return super().form_valid(form)


def _key(request: HttpRequest) -> str:
    account = request.POST.get("username", "").strip().casefold()
    address = request.META.get("REMOTE_ADDR", "")
    return "sign-in:" + hashlib.sha256(f"{account}\0{address}".encode()).hexdigest()
