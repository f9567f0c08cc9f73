"""Signing in, with a pause after too many failures."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

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
