"""One's own account: password, personal tokens, workspaces."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from projects.account_forms import PasswordForm, PersonalTokenForm
from projects.models import ApiToken
from projects.once import show_once, shown_once
from projects.place import SignedInRequest, page


@page
@never_cache
def account(request: SignedInRequest) -> HttpResponse:
    form = PersonalTokenForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        _, text = form.issue_to(request.user)
        show_once(request, "personal token", text)
        return redirect("account")
    return _shown(request, form, PasswordForm(request))


@page
@sensitive_post_parameters()
@require_POST
def password(request: SignedInRequest) -> HttpResponse:
    """A new password ends every other session of the person, and keeps this one."""
    form = PasswordForm(request, request.POST)
    if not form.is_valid():
        return _shown(request, PersonalTokenForm(), form)
    form.save()
    update_session_auth_hash(request, request.user)
    messages.success(request, "Your password is changed. Wherever else you were signed in, you are not any more.")
    return redirect("account")


@page
@require_POST
def revoke(request: SignedInRequest, token: int) -> HttpResponse:
    row = get_object_or_404(ApiToken.objects.filter(user=request.user, revoked_at=None), pk=token)
    ApiToken.objects.filter(pk=row.pk).update(revoked_at=timezone.now())
    messages.success(request, f"The token {row.name} was revoked.")
    return redirect("account")


def _shown(request: SignedInRequest, form: PersonalTokenForm, password_form: PasswordForm) -> HttpResponse:
    context = {
        "here": "account",
        "form": form,
        "password_form": password_form,
        "issued": shown_once(request, "personal token"),
        "tokens": ApiToken.objects.filter(user=request.user, revoked_at=None).order_by("-pk"),
        "memberships": request.user.memberships.select_related("workspace").order_by("workspace__name"),
        "now": timezone.now(),
    }
    return render(request, "projects/account.html", context, status=422 if form.errors or password_form.errors else 200)
