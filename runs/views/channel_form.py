"""The form of a channel, made from its notifier's own settings: same fields, same refusals."""

from __future__ import annotations

from typing import Any

from django import forms
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from projects.api.error_sentences import by_field
from projects.models import Channel
from projects.models.channel import OCCASIONS
from projects.secrets import SecretUnreadable
from runs import delivering
from runs.notifiers import CHANNELS
from runs.views.fields import Patterns

HIDDEN_HELP = "Kept encrypted and never shown again."
STAYS = "Stored; what you write here replaces it."


class ChannelForm(forms.Form):
    """Name, choice of runs and the settings of its kind. Secrets that are left empty stay as they are."""

    name = forms.CharField(max_length=80)
    when = forms.ChoiceField(label="Tell about", choices=list(OCCASIONS.items()))

    def __init__(self, channel: Channel, data: Any = None) -> None:
        self.channel, self.notifier = channel, CHANNELS[channel.kind]
        super().__init__(data, initial={"name": channel.name or self.notifier.words, "when": channel.when})
        self.hidden = delivering.secret_fields(self.notifier.settings)
        self.stored = _stored(channel)
        for name, said in self.notifier.settings.model_fields.items():
            self.fields[name] = self._field(name, said)
        if self.notifier.follows:
            del self.fields["when"]
        # GitHub takes a token or the key of an app: who changes over has to forget the other one.
        if self.stored and len(self.hidden) > 1:
            self.fields["forget"] = forms.BooleanField(label="Forget the stored secrets", required=False)

    def _field(self, name: str, said: FieldInfo) -> forms.Field:
        field = _field(name, said, name in self.hidden)
        field.required = said.is_required() and name not in self.stored
        field.initial = self.channel.settings.get(name)
        if name in self.hidden:
            field.help_text = " ".join(filter(None, [said.description, STAYS if name in self.stored else HIDDEN_HELP]))
        return field

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        others = Channel.objects.filter(project=self.channel.project, name=name).exclude(pk=self.channel.pk)
        if others.exists():
            raise forms.ValidationError(f"There is a channel “{name}” already.")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        names = self.notifier.settings.model_fields
        given: dict[str, Any] = {name: cleaned[name] for name in names if cleaned.get(name) not in (None, "", [])}
        if cleaned.get("forget"):
            # None takes away what is stored; what was typed beside it stays.
            given = dict.fromkeys(self.hidden) | given
        try:
            delivering.put_settings(self.channel, given)
        except ValidationError as error:
            for name, sentences in by_field(error).items():
                field = name.split("[")[0].split(".")[0]
                self.add_error(field if field in self.fields else None, list(sentences))
        else:
            self._judge(given)
        return cleaned

    def _judge(self, given: dict[str, Any]) -> None:
        for name in self.notifier.addresses:
            refusal = delivering.refusal_of(given[name]) if given.get(name) else None
            if refusal:
                self.add_error(name, refusal)

    def save(self) -> Channel:
        self.channel.name = self.cleaned_data["name"]
        self.channel.when = self.cleaned_data.get("when", self.channel.when)
        self.channel.save()
        return self.channel


def _stored(channel: Channel) -> set[str]:
    """Names of the secrets that are kept and can be read."""
    try:
        return set(channel.secrets)
    except SecretUnreadable:
        return set()


def _field(name: str, said: FieldInfo, hidden: bool) -> forms.Field:
    options: dict[str, Any] = {"label": said.title or name.capitalize(), "help_text": said.description or ""}
    if said.annotation == int | None:
        return forms.IntegerField(min_value=1, **options)
    if hidden and name == "private_key":
        looks = {"rows": 4, "class": "code", "spellcheck": "false", "autocomplete": "off"}
        return forms.CharField(widget=forms.Textarea(attrs=looks), **options)
    if hidden:
        return forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), **options)
    return forms.CharField(**options) if said.annotation is str else Patterns(**options)
