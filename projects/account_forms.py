"""Forms of people's accounts: the first one, one by invitation, one's own password and tokens."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from projects.forms import TokenForm
from projects.models import ApiToken, Workspace
from projects.models.workspace import Role

LONGEST_PASSWORD = 500


def free_name(text: str) -> str:
    """A new account's name as it is kept. Raises ValidationError where it cannot be one, or somebody has it."""
    name = unicodedata.normalize("NFKC", text.strip())
    User._meta.get_field("username").clean(name, None)
    if User.objects.filter(username__iexact=name).exists():
        raise ValidationError("Somebody has this name already. Choose another one.")
    return name


def made_account(name: str, password: str, **fields: Any) -> User:
    """A new person, whose name and password were checked."""
    return User.objects.create_user(name, password=password, **fields)


class AccountForm(forms.Form):
    """Name and password of a new account."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        help_text="Letters, digits and @ . + - _",
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        max_length=LONGEST_PASSWORD,
        strip=False,
        help_text="At least 10 characters, and none of the common ones.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_username(self) -> str:
        return free_name(self.cleaned_data["username"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "password" in cleaned:
            try:
                validate_password(cleaned["password"], User(username=cleaned.get("username", "")))
            except ValidationError as problem:
                self.add_error("password", problem)
        return cleaned

    def account(self, **fields: Any) -> User:
        return made_account(self.cleaned_data["username"], self.cleaned_data["password"], **fields)


class PasswordForm(forms.Form):
    """Another password for the person who is signed in; the old one is asked for, behind the throttle of all doors."""

    old = forms.CharField(
        label="Your password now",
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label="New password",
        max_length=LONGEST_PASSWORD,
        strip=False,
        help_text="At least 10 characters, and none of the common ones.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, request: HttpRequest, data: Any = None) -> None:
        super().__init__(data)
        self.request = request
        self.user: Any = request.user

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        validate_password(new, self.user)
        return new

    def clean(self) -> dict[str, Any]:
        """Raises TooManySignIns."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            name = self.user.get_username()
            if authenticate(self.request, username=name, password=cleaned["old"]) != self.user:
                self.add_error("old", "This is not your password.")
        return cleaned

    def save(self) -> None:
        self.user.set_password(self.cleaned_data["new"])
        self.user.save(update_fields=["password"])


class PersonalTokenForm(TokenForm):
    """A token that may do what its person may."""

    name = forms.CharField(max_length=80, help_text="What will use it, e.g. my laptop")
    scope = forms.ChoiceField(label="May", choices=[("write", "all that you may"), ("read", "only read")])

    def issue_to(self, user: User) -> tuple[ApiToken, str]:
        return ApiToken.issue(self.cleaned_data["name"], user=user, **self.terms())


class InvitationForm(forms.Form):
    """A link by which one person joins."""

    role = forms.ChoiceField(choices=Role.choices, initial=Role.QA_LEAD)
    note = forms.CharField(
        label="For", max_length=80, required=False, help_text="Whom it is for; it stands in the log of activity as well"
    )


class WorkspaceForm(forms.Form):
    name = forms.CharField(max_length=120, help_text="E.g. the name of your team")

    def save(self) -> Workspace:
        return Workspace.called(self.cleaned_data["name"])
