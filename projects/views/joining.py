"""Where the link of an invitation leads: the person who is signed in joins, anybody else makes an account first."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from projects import membership
from projects.account_forms import AccountForm
from projects.models import Invitation
from projects.models.workspace import MEANING, Role


@never_cache
def invitation(request: HttpRequest, text: str) -> HttpResponse:
    try:
        found = membership.open_invitation(text)
    except membership.NotPossible as problem:
        return render(request, "projects/invitation_over.html", {"why": str(problem)}, status=404)
    person: Any = request.user if request.user.is_authenticated else None
    if request.method != "POST":
        return _shown(request, found, None if person else AccountForm())
    form = None if person else AccountForm(request.POST)
    if form is not None and not form.is_valid():
        return _shown(request, found, form)
    return _joined(request, found, person, form)


def _joined(request: HttpRequest, found: Invitation, person: User | None, form: AccountForm | None) -> HttpResponse:
    """An account that was made for it is not there when joining was not possible."""
    try:
        with transaction.atomic():
            user = form.account() if form is not None else person
            membership.accept(found, user)
    except membership.NotPossible as problem:
        messages.error(request, str(problem))
        return redirect("workspace", found.workspace.slug) if person else redirect("sign-in")
    if person is None and user is not None:
        login(request, user)
    messages.success(request, f"Welcome to {found.workspace.name}. You are {Role(found.role).label} there.")
    return redirect("home")


def _shown(request: HttpRequest, found: Invitation, form: AccountForm | None) -> HttpResponse:
    role = Role(found.role)
    context = {"invitation": found, "role": role.label, "meaning": MEANING[role], "form": form}
    return render(request, "projects/invitation.html", context, status=422 if form and form.errors else 200)
