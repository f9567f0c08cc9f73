"""Forms of projects, environments and tokens. Secrets go in and never come out."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone
from pydantic import BaseModel, ValidationError

from projects.api.error_sentences import by_field
from projects.api.inputs import NewEnvironment, NewProject, ProjectEdit
from projects.api.target_writes import refusal_of
from projects.models import ApiToken, Environment, Project, Workspace
from projects.models.entrusted import HEADER, VARIABLE
from projects.pairs import Pairs

if TYPE_CHECKING:
    ProjectModelForm = forms.ModelForm[Project]
    EnvironmentModelForm = forms.ModelForm[Environment]
else:
    ProjectModelForm = EnvironmentModelForm = forms.ModelForm


class AddressFormField(forms.CharField):
    """An http or https address; without a scheme, https, and http for this machine and bare IP addresses."""

    widget = forms.TextInput(attrs={"inputmode": "url", "autocomplete": "url", "spellcheck": "false"})

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value) or "")
        return f"{_scheme_of(text)}://{text}" if text and "://" not in text else text


def _scheme_of(text: str) -> str:
    name = text.split("/", maxsplit=1)[0].rsplit(":", 1)[0].strip("[]")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "http" if name == "localhost" else "https"
    return "http"


class Accepted(forms.Form):
    """A form on a row that accepts what the API accepts: the same value checks both.

    The address is no field of the model form: Django's check of URLs knows no hosts without a dot.
    """

    body: ClassVar[type[BaseModel]]
    address: ClassVar[str]
    instance: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.address:
            self.initial.setdefault(self.address, getattr(self.instance, self.address))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = {name: value for name, value in cleaned.items() if name in self.body.model_fields}
        if not self.errors:
            try:
                self.body.model_validate(given)
            except ValidationError as error:
                for name, sentences in by_field(error).items():
                    field = name.split(".")[0]
                    self.add_error(field if field in self.fields else None, list(sentences))
            else:
                self._judge(cleaned.get(self.address))
        if self.address:
            setattr(self.instance, self.address, cleaned.get(self.address, ""))
        return cleaned

    def _judge(self, url: Any) -> None:
        refusal = refusal_of(url)
        if refusal:
            self.add_error(self.address, refusal)


class ProjectForm(Accepted, ProjectModelForm):
    body, address = NewProject, "url"
    url = AddressFormField(
        label="Address", max_length=2000, help_text="Where the application answers, e.g. https://shop.example"
    )

    class Meta:
        model = Project
        fields = ["name"]
        labels = {"name": "Name"}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Project.objects.alive().filter(workspace=self.workspace, name=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(f"There is a project “{name}” in this workspace already.")
        return name

    @property
    def workspace(self) -> Workspace | None:
        return self.instance.workspace if self.instance.workspace_id else None


class ProjectSettingsForm(ProjectForm):
    """What may be changed later: also how many runs go on at a time, and what needs no reviewer."""

    field_order = ["name", "url", "max_concurrent_runs", "auto_approve_score"]

    max_concurrent_runs = forms.IntegerField(
        label="Runs at a time",
        min_value=1,
        max_value=64,
        required=False,
        help_text="Further ones wait in the queue. From 1 to 64.",
    )

    auto_approve_score = forms.IntegerField(
        label="Approve proved proposals with a score of at least",
        min_value=50,
        max_value=100,
        required=False,
        help_text="From 50 to 100. A proposal is proved when every clean replay passed and it notices at least one"
        " breakage. Such approvals are marked and can be sent back to review. Empty: people decide about each.",
    )

    class Meta(ProjectForm.Meta):
        fields = ["name", "max_concurrent_runs", "auto_approve_score"]

    def clean_max_concurrent_runs(self) -> int:
        number: int | None = self.cleaned_data["max_concurrent_runs"]
        return self.instance.max_concurrent_runs if number is None else number


class NewProjectForm(ProjectForm):
    """Name and address; the workspace is asked for where the person has a choice, and made where there is none."""

    def __init__(self, *args: Any, workspaces: list[Workspace], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspaces = {str(workspace.pk): workspace for workspace in workspaces}
        if len(workspaces) > 1:
            choices = [(number, workspace.name) for number, workspace in self.workspaces.items()]
            self.fields["place"] = forms.ChoiceField(label="Workspace", choices=choices)
        if not workspaces:
            help_text = "Where projects and their members belong together, e.g. the name of your team"
            self.fields["new_workspace"] = forms.CharField(label="New workspace", max_length=120, help_text=help_text)
        self.order_fields(["place", "new_workspace", "url", "name"])

    @property
    def workspace(self) -> Workspace | None:
        if "place" in self.fields:
            return self.workspaces.get(self.cleaned_data.get("place", ""))
        return next(iter(self.workspaces.values()), None)

    def save(self, commit: bool = True) -> Project:
        if self.workspace is None:
            self.instance.workspace = Workspace.called(self.cleaned_data["new_workspace"])
        else:
            self.instance.workspace = self.workspace
        return super().save(commit)


class EnvironmentForm(Accepted, EnvironmentModelForm):
    body, address = NewEnvironment, "base_url"
    field_order = ["name", "base_url", "headers", "variables"]
    base_url = AddressFormField(label="Address", max_length=2000)
    headers = Pairs(separator=":", help_text="Sent to this environment only. One “Name: value” a line.")
    variables = Pairs(separator="=", help_text="For {{ name }} in tests. One name=value a line.")

    class Meta:
        model = Environment
        fields = ["name", "headers", "variables"]
        labels = {"name": "Name"}

    def clean(self) -> dict[str, Any]:
        return not_secret(self, super().clean())

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Environment.objects.filter(project=self.instance.project, name=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(f"There is an environment “{name}” already.")
        return name


class ValuesForm(Accepted, ProjectModelForm):
    """Headers and variables of a project that are no secrets."""

    body, address = ProjectEdit, ""
    headers = Pairs(separator=":", help_text="Sent to the site with every request. One “Name: value” a line.")
    variables = Pairs(separator="=", help_text="For {{ name }} in tests. One name=value a line.")

    class Meta:
        model = Project
        fields = ["headers", "variables"]

    def clean(self) -> dict[str, Any]:
        return not_secret(self, super().clean())


def not_secret(form: Any, cleaned: dict[str, Any], instead: str = "take the secret away first") -> dict[str, Any]:
    """The same values, each name of which is no secret's: one sentence in the form where it is, with what to do."""
    row = form.instance
    for column, kind in (("headers", HEADER), ("variables", VARIABLE)):
        secret = {name.lower() for name in row.names_of(kind)}
        twice = [name for name in cleaned.get(column) or {} if name.lower() in secret]
        if twice:
            form.add_error(column, f"{twice[0]} is a secret one already; {instead}.")
    return cleaned


class TokenForm(forms.Form):
    """A project's token, for CI and scripts."""

    name = forms.CharField(max_length=80, help_text="What will use it, e.g. GitHub Actions")
    scope = forms.ChoiceField(label="May", choices=[("write", "read and start runs"), ("read", "only read")])
    days = forms.TypedChoiceField(
        label="Ends",
        coerce=int,
        choices=[(90, "in 90 days"), (30, "in 30 days"), (365, "in a year"), (0, "never")],
    )

    def issue(self, project: Project) -> tuple[ApiToken, str]:
        """The row and the token's text, to be shown once."""
        return ApiToken.issue(self.cleaned_data["name"], project=project, **self.terms())

    def terms(self) -> dict[str, Any]:
        days: int = self.cleaned_data["days"]
        return {
            "scopes": ["read"] if self.cleaned_data["scope"] == "read" else ["read", "write"],
            "expires_at": timezone.now() + timedelta(days=days) if days else None,
        }
