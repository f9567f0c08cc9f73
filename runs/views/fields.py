"""Fields of forms made from the engine's options: same limits, same refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from django import forms
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from runs.engine.plan import PRESETS
from runs.views.option_labels import CHOICES, HELP, LABELS, LONG

SET_BY_PRESETS = frozenset(name for preset in PRESETS.values() for name in preset)


class Patterns(forms.CharField):
    """Lines ↔ a tuple."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "code", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


class Several(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple


def flat(values: Mapping[str, Any], under: str = "") -> dict[str, Any]:
    """{"dials": {"language": "de"}} as {"dials.language": "de"}."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= flat(value, f"{under}{name}.") if isinstance(value, dict) else {f"{under}{name}": value}
    return found


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The opposite of `flat`."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        *places, last = name.split(".")
        inner = found
        for place in places:
            inner = inner.setdefault(place, {})
        inner[last] = value
    return found


def implied(values: Mapping[str, Any]) -> list[str]:
    """Those of the values that say what their preset says anyway."""
    preset = PRESETS.get(values.get("preset") or "", {})
    return [name for name, value in preset.items() if values.get(name) == value]


def info_of(model: type[BaseModel], name: str) -> FieldInfo:
    first, _, rest = name.partition(".")
    info = model.model_fields[first]
    return info_of(info.annotation, rest) if rest else info  # type: ignore[arg-type]


def field_of(name: str, info: FieldInfo) -> forms.Field:
    field = _field(name, info)
    field.label, field.help_text = LABELS[name], HELP.get(name, "")
    # Left empty it is as the preset says; a default written there would count as chosen.
    field.initial = None if name in SET_BY_PRESETS else info.default
    return field


def _field(name: str, info: FieldInfo) -> forms.Field:
    kind: Any = info.annotation
    if kind is bool:
        return forms.BooleanField(required=False)
    if name in CHOICES:
        choices = list(CHOICES[name].items())
        if "tuple" in str(kind):
            return Several(choices=choices, required=False)
        return forms.ChoiceField(choices=choices, required=False)
    if int in (kind, *get_args(kind)):
        required = kind is int and name not in SET_BY_PRESETS
        return forms.IntegerField(required=required, **_limits(info))
    if float in get_args(kind):
        return forms.FloatField(required=False, **_limits(info))
    return _text(name, kind, info)


def _text(name: str, kind: Any, info: FieldInfo) -> forms.Field:
    if name == "roles":
        return Several(required=False)
    if "tuple" in str(kind):
        return Patterns(required=False)
    longest = next((limit.max_length for limit in info.metadata if hasattr(limit, "max_length")), 80)
    widget = forms.Textarea(attrs={"rows": 3}) if name in LONG else forms.TextInput()
    return forms.CharField(required=False, max_length=longest, widget=widget)


def _limits(info: FieldInfo) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for limit in info.metadata:
        if hasattr(limit, "ge") or hasattr(limit, "gt"):
            found["min_value"] = limit.ge if hasattr(limit, "ge") else limit.gt
        if hasattr(limit, "le"):
            found["max_value"] = limit.le
    return found
