"""Signing in, with a pause after too many failures."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.views.csrf import csrf_failure
from django.views.decorators.cache import never_cache

from projects.first import nobody_yet
from projects.throttling import TooManySignIns


class SignIn(LoginView):
    """Refuses an account for a while from the address that failed too often, right password or not."""

    template_name = "projects/sign_in.html"
    redirect_authenticated_user = True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("/welcome") if nobody_yet() else super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(request, *args, **kwargs)
        except TooManySignIns as problem:
            context = self.get_context_data(form=AuthenticationForm(request), refusal=str(problem))
            response = self.render_to_response(context, status=429)
            response["Retry-After"] = str(problem.seconds)
            return response


@never_cache
def session(request: HttpRequest) -> HttpResponse:
    """Who is signed in, if anybody, and the token that forms need now; pages ask before they send what was typed."""
    name = request.user.get_username() if request.user.is_authenticated else None
    return JsonResponse({"name": name, "csrf": get_token(request)})


def expired_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: the page for people, marked so that our pages ask for a new token and send again."""
    response = csrf_failure(request, reason)
    response["X-Sentri-Form"] = "expired"
    return response
