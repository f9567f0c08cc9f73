"""The form of a sign-in beside the project's own: the fields of its kind. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from pydantic import ValidationError

from projects.api.error_sentences import by_field
from projects.api.problems import Invalid
from projects.api.signins import ACCESS, SECRET, USES, AuthProfileEdit, NewAuthProfile, put_sign_in
from projects.models import AuthProfile
from projects.models.entrusted import CREDENTIALS
from projects.origins import origin_of
from projects.pairs import LinesField, Pairs
from projects.secrets import SecretUnreadable

STAYS = "Stored; what you write here replaces it."
MEANWHILE = "Somebody changed this sign-in meanwhile. Reload the page, and write your change again."
OFF = {"autocomplete": "off", "spellcheck": "false"}


class AuthProfileForm(forms.Form):
    """Empty secrets leave what is kept as it is; other fields that are left empty are taken away.

    `seen` is when the row that the person began with was last changed.
    """

    name = forms.CharField(max_length=80, help_text="What tests and crawls call it by, such as editor.")
    username = forms.CharField(label="User name", max_length=300, widget=forms.TextInput(attrs=OFF))
    password = forms.CharField(
        max_length=300, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    totp = forms.CharField(
        label="Secret of one-time codes",
        max_length=300,
        required=False,
        help_text="The base32 text that the site shows beside its QR code.",
        widget=forms.TextInput(attrs=OFF),
    )
    headers = Pairs(separator=":", help_text="Sent to the site with every request. One “Name: value” a line.")
    login_url = forms.CharField(
        label="Sign-in page",
        max_length=2000,
        required=False,
        help_text="Path, such as /login; found by itself where it is left empty.",
    )
    username_selector = forms.CharField(label="Selector of the name's field", max_length=300, required=False)
    password_selector = forms.CharField(label="Selector of the password's field", max_length=300, required=False)
    submit_selector = forms.CharField(
        label="Selector of the button",
        max_length=300,
        required=False,
        help_text="Selectors are only needed where the form is not found by itself.",
    )
    origins = LinesField(
        label="Sites that it may be sent to and typed into, besides the project's",
        help_text="One a line, such as https://staging.example.com; for environments and for single sign-on.",
    )
    exclusive = forms.BooleanField(
        label="Only one test at a time may be signed in with it, in all runs together", required=False
    )
    forget_totp = forms.BooleanField(label="Forget the secret of one-time codes", required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, row: AuthProfile, data: Any = None) -> None:
        self.row, self.stored = row, _stored(row)
        seen = row.updated_at.isoformat() if row.pk else ""
        own = origin_of(row.project.url)
        further = [origin for origin in row.origins.get(CREDENTIALS, []) if origin != own]
        super().__init__(data, initial={"name": row.name, "seen": seen, "origins": further, **row.access})
        for name in {*SECRET, *ACCESS} - set(USES[row.kind]):
            del self.fields[name]
        if "totp" not in self.stored:
            del self.fields["forget_totp"]
        for name in self.fields.keys() & self.stored:
            self.fields[name].required = False
            self.fields[name].help_text = f"{self.fields[name].help_text} {STAYS}".strip()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.given = self._checked(cleaned)
            except ValidationError as error:
                self._refuse(by_field(error))
        return cleaned

    def save(self) -> bool:
        """Whether it was saved; what stood against it is said in the form."""
        try:
            with transaction.atomic():
                if self._outdated():
                    self.add_error(None, MEANWHILE)
                    return False
                put_sign_in(self.row, self.given)
        except Invalid as refusal:
            self._refuse(refusal.errors)
            return False
        return True

    def _outdated(self) -> bool:
        """Whether the row, locked now, is another than the person began with."""
        seen: str = self.cleaned_data["seen"]
        changed = AuthProfile.objects.select_for_update().filter(pk=self.row.pk).values_list("updated_at", flat=True)
        return bool(seen) and seen not in {moment.isoformat() for moment in changed}

    def _checked(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """What was written, as the API would take it."""
        secret = {name: cleaned[name] for name in SECRET if cleaned.get(name)}
        open_ones = {name: cleaned[name] or None for name in ACCESS if name in cleaned}
        given = {"name": cleaned["name"], "exclusive": cleaned["exclusive"], "origins": cleaned["origins"]}
        given |= secret | open_ones
        if cleaned.get("forget_totp"):
            given["totp"] = None
        model = AuthProfileEdit if self.row.pk else NewAuthProfile
        return model.model_validate(given).given()

    def _refuse(self, errors: dict[str, list[str]]) -> None:
        for name, sentences in errors.items():
            field = name.split(".")[0]
            self.add_error(field if field in self.fields else None, list(sentences))


def _stored(row: AuthProfile) -> set[str]:
    try:
        return set(row.secrets)
    except SecretUnreadable:
        return set()
