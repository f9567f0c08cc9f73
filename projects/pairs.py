"""Fields of forms that hold several things, one a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

AREA = {"spellcheck": "false", "class": "code", "autocomplete": "off"}


class Pairs(forms.CharField):
    """One `name=value` (or `Name: value`) a line ↔ a dict."""

    widget = forms.Textarea(attrs={"rows": 3, **AREA})

    def __init__(self, *, separator: str, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.separator = separator

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            space = " " if self.separator == ":" else ""
            return "\n".join(f"{name}{self.separator}{space}{text}" for name, text in value.items())
        return value

    def clean(self, value: Any) -> dict[str, str]:
        pairs: dict[str, str] = {}
        known: set[str] = set()
        for number, line in enumerate(super().clean(value).splitlines(), 1):
            if not line.strip():
                continue
            name, found, text = (part.strip() for part in line.partition(self.separator))
            if not found or not name:
                raise forms.ValidationError(f"Line {number} is not of the form name{self.separator}value: {line[:80]}")
            folded = name.lower() if self.separator == ":" else name
            if folded in known:
                raise forms.ValidationError(f"Line {number} names {name[:80]} again; write each name once.")
            known.add(folded)
            pairs[name] = text
        return pairs


class LinesField(forms.CharField):
    """One text a line ↔ a list."""

    widget = forms.Textarea(attrs={"rows": 2, **AREA})

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> list[str]:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]
