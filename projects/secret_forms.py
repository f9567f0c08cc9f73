"""Forms of what is secret: credentials, headers and variables of a project or an environment. It goes in, not out."""

from __future__ import annotations

from typing import Any

from django import forms
from pydantic import ValidationError

from projects.api.error_sentences import by_field
from projects.api.inputs import Body, Origins, SecretHeaders, SecretVariables
from projects.api.target_writes import strange_login
from projects.entrusting import TrustChange, clashes, enter_credentials, enter_secrets, forget_credentials
from projects.masked import why_not_masked
from projects.models.entrusted import CREDENTIALS, HEADER, VARIABLE
from projects.models.project import Reachable
from projects.origins import listed, origin_of, page_address
from projects.pairs import LinesField, Pairs

FOLLOW = "Let what is secret go to this address as well"
STAYS = "Otherwise it stays with the sites that it was entered for, and runs here that need it are refused."
OFF = {"autocomplete": "off", "spellcheck": "false"}


class SecretsIn(Body):
    secret_headers: SecretHeaders = {}
    secret_variables: SecretVariables = {}


class OriginsIn(Body):
    origins: Origins = []


class FollowForm(forms.Form):
    """Asked of admins beside an address, where there is something secret."""

    secrets_follow = forms.BooleanField(label=FOLLOW, required=False, help_text=STAYS)


class SecretsForm(forms.Form):
    """Secret headers and variables: what is written is added to those that are stored, or takes their place."""

    secret_headers = Pairs(
        separator=":",
        label="Secret headers to store",
        help_text="One “Name: value” a line. Kept encrypted, masked in results, never shown again.",
    )
    secret_variables = Pairs(
        separator="=",
        label="Secret variables to store",
        help_text="For {{ name }} in tests. One name=value a line, kept like secret headers.",
    )
    taken = forms.MultipleChoiceField(
        label="Take away", required=False, widget=forms.CheckboxSelectMultiple, help_text="Runs do without them then."
    )

    def __init__(self, row: Reachable, data: Any = None) -> None:
        super().__init__(data)
        self.row = row
        kept = [name for name in row.origins if name != CREDENTIALS]
        field: Any = self.fields["taken"]
        field.choices = [(name, f"{name}, for {listed(row.origins[name])}") for name in kept]
        if not kept:
            del self.fields["taken"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = {name: cleaned[name] for name in SecretsIn.model_fields if name in cleaned}
        try:
            SecretsIn.model_validate(given)
        except ValidationError as error:
            for name, sentences in by_field(error).items():
                self.add_error(name.split(".")[0], list(sentences))
        return cleaned

    def keep(self) -> list[TrustChange]:
        """Seals what was written into the row, which is not saved. Empty fields leave what is kept as it is."""
        taken = self.cleaned_data.get("taken", [])
        changes: list[TrustChange] = []
        for kind, field in ((HEADER, "secret_headers"), (VARIABLE, "secret_variables")):
            gone = dict.fromkeys(name.removeprefix(kind) for name in taken if name.startswith(kind))
            changes += enter_secrets(self.row, kind, {**gone, **self.cleaned_data[field]})
        clashes(self.row, {})
        return changes


class CredentialsForm(forms.Form):
    """How the application under test is signed in to. Empty secrets leave what is kept as it is."""

    username = forms.CharField(
        label="User name", max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    password = forms.CharField(
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    login_url = forms.CharField(
        label="Sign-in page",
        max_length=500,
        required=False,
        help_text="Path or address, e.g. /login; found by itself where it is left empty.",
    )
    origins = LinesField(
        label="Other sites that the password may be typed into",
        help_text="One a line, such as https://login.example.com; needed for single sign-on.",
    )
    exclusive = forms.BooleanField(
        label="Only one test at a time may be signed in, in all runs together",
        required=False,
    )
    forget = forms.BooleanField(label="Forget the stored credentials", required=False)

    def __init__(self, row: Reachable | None, data: Any = None) -> None:
        initial = {} if row is None else {**row.access, "origins": self._further(row)}
        super().__init__(data, initial=initial)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if bool(cleaned.get("username")) != bool(cleaned.get("password")):
            raise forms.ValidationError("User name and password go together; write both or none.")
        try:
            cleaned["origins"] = OriginsIn.model_validate({"origins": cleaned.get("origins", [])}).origins
        except ValidationError as error:
            self.add_error("origins", [sentence for some in by_field(error).values() for sentence in some])
        return cleaned

    def clean_login_url(self) -> str:
        written: str = self.cleaned_data["login_url"]
        try:
            return page_address(written) if written else ""
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def misplaced(self, row: Reachable) -> bool:
        """Whether the sign-in page is on a site that is not named; it is said in the form."""
        problem = strange_login(self.cleaned_data["login_url"], [row.address, *self.cleaned_data["origins"]])
        if problem:
            self.add_error("login_url", problem)
        return bool(problem)

    def keep(self, row: Reachable) -> list[TrustChange]:
        """Seals what was written; the row is not saved."""
        cleaned, changes = self.cleaned_data, []
        if cleaned["forget"]:
            changes = forget_credentials(row)
        elif cleaned["username"]:
            changes = enter_credentials(row, cleaned, cleaned["origins"])
        elif row.has_credentials and set(cleaned["origins"]) != set(self._further(row)):
            own = [origin for origin in row.origins[CREDENTIALS] if origin not in self._further(row)]
            row.origins = {**row.origins, CREDENTIALS: list(dict.fromkeys([*own, *cleaned["origins"]]))}
            changes = [TrustChange("credentials entered", f"for {listed(row.origins[CREDENTIALS])}")]
        written = {name: cleaned[name] for name in ("login_url", "exclusive")}
        row.access = {name: value for name, value in {**row.access, **written}.items() if value}
        return changes

    def warning(self) -> str:
        """What a person should know of the password that was entered."""
        password, username = self.cleaned_data["password"], self.cleaned_data["username"]
        problem = why_not_masked(password, username) if password else ""
        return f"The password is not masked in results. {problem}" if problem else ""

    @staticmethod
    def _further(row: Reachable) -> list[str]:
        own = origin_of(row.address) if row.address else ""
        return [origin for origin in row.origins.get(CREDENTIALS, []) if origin != own]
