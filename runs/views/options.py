"""Forms for options of crawls and runs, made from the engine's own models: same limits, same refusals."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, get_args

from django import forms
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from projects.api.words import by_field
from projects.models import Environment, Project
from runs.engine.plan import BrowserOptions, CrawlOptions, Keep, Network, RunOptions

M = TypeVar("M", bound=BrowserOptions)

LABELS = {
    "max_pages": "Pages at most",
    "max_depth": "Clicks from the start at most",
    "same_template": "Pages of one kind",
    "test_count": "Tests proposed at most",
    "parallel": "Browser windows per worker",
    "shards": "Workers",
    "retries": "Retries of a failing test",
    "budget_minutes": "Minutes at most",
    "max_failures": "Stop after so many failed tests",
    "hedge": "Let idle workers repeat a test that takes twice its usual time",
    "read_only": "Send nothing: block every POST, PUT, PATCH and DELETE",
    "allow_destructive": "May press what deletes, pays or signs out",
    "respect_robots": "Keep to robots.txt",
    "include": "Only addresses like",
    "exclude": "No addresses like",
    "timeout_ms": "Time of a step (ms)",
    "test_timeout_ms": "Time of a test (ms)",
    "page_timeout_ms": "Time of a page (ms)",
    "network": "Network",
    "trace": "Trace",
    "screenshot": "Screenshot",
    "video": "Video",
    "vitals": "Measure web vitals",
    "locale": "Language",
    "timezone_id": "Time zone",
    "device": "Device",
}
HELP = {
    "include": "Regular expressions on path and query, one a line.",
    "exclude": "Regular expressions on path and query, one a line.",
    "budget_minutes": "The riskiest tests that fit in are run, the others skipped; empty for no limit.",
    "max_failures": "Empty to run all tests whatever fails.",
    "locale": "Such as en-GB.",
    "timezone_id": "Such as Europe/Paris.",
    "device": "Such as iPhone 13.",
    "video": "Needs ffmpeg where workers run.",
    "vitals": "Always measured where the project has budgets.",
}
WORDS: dict[Any, dict[str, str]] = {
    Keep: {"off": "never", "on_failure": "of failures", "on": "always"},
    Network: {"fast": "as it is", "slow3g": "slow 3G", "offline": "none"},
}


class Patterns(forms.CharField):
    """Lines ↔ a tuple."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "code", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


class OptionsForm(forms.Form, Generic[M]):
    """Chosen fields of an options model over the project's defaults."""

    model: type[M]
    kind: str
    names: tuple[str, ...]

    def __init__(self, project: Project, data: Any = None, *, prefix: str | None = None) -> None:
        self.defaults: dict[str, Any] = project.settings.get(self.kind, {})
        super().__init__(data, prefix=prefix)
        for name in self.names:
            field = _field(name, self.model.model_fields[name])
            field.initial = self.defaults.get(name, self.model.model_fields[name].default)
            self.fields[name] = field

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = {name: value for name, value in cleaned.items() if name in self.names and value not in (None, "")}
        absent = {name for name in self.names if name not in given}
        kept = {name: value for name, value in self.defaults.items() if name not in absent}
        if not self.errors:
            try:
                self.options = self.model.model_validate({**kept, **given})
            except ValidationError as error:
                for name, sentences in by_field(error).items():
                    field = name.split(".")[0]
                    self.add_error(field if field in self.fields else None, list(sentences))
        return cleaned


class StartForm(OptionsForm[M]):
    """Options of one run, with where it goes and the key that makes a double press one run."""

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(project, data, prefix=self.kind)
        rows = list(project.environments.all())
        self.environments = {row.public_id: row for row in rows}
        if rows:
            choices = [("", project.url), *((name, row.name) for name, row in self.environments.items())]
            self.fields["environment"] = forms.ChoiceField(label="Where", choices=choices, required=False)
        self.fields["key"] = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    @property
    def environment(self) -> Environment | None:
        return self.environments.get(self.cleaned_data.get("environment", ""))


class CrawlStart(StartForm[CrawlOptions]):
    model, kind = CrawlOptions, "crawl"
    names = ("max_pages", "max_depth", "test_count", "shards", "parallel", "read_only")


class RunStart(StartForm[RunOptions]):
    model, kind = RunOptions, "run"
    names = ("shards", "parallel", "retries", "budget_minutes")


class CrawlDefaults(OptionsForm[CrawlOptions]):
    model, kind = CrawlOptions, "crawl"
    names = (
        "max_pages", "max_depth", "same_template", "test_count", "shards", "parallel", "page_timeout_ms",
        "locale", "timezone_id", "device", "include", "exclude", "respect_robots", "read_only", "allow_destructive",
    )  # fmt: skip


class RunDefaults(OptionsForm[RunOptions]):
    model, kind = RunOptions, "run"
    names = (
        "shards", "parallel", "retries", "budget_minutes", "max_failures", "timeout_ms", "test_timeout_ms",
        "locale", "timezone_id", "device", "network", "trace", "screenshot", "video", "vitals", "hedge",
    )  # fmt: skip


def _field(name: str, info: FieldInfo) -> forms.Field:
    label, help_text = LABELS[name], HELP.get(name, "")
    if info.annotation is bool:
        return forms.BooleanField(label=label, help_text=help_text, required=False)
    kind: Any = info.annotation
    if kind in WORDS:
        choices = [(word, WORDS[kind][word]) for word in get_args(kind)]
        return forms.ChoiceField(label=label, help_text=help_text, choices=choices)
    if int in (kind, *get_args(kind)):
        return forms.IntegerField(label=label, help_text=help_text, required=kind is int, **_limits(info))
    if float in get_args(kind):
        return forms.FloatField(label=label, help_text=help_text, required=False, **_limits(info))
    if "tuple" in str(kind):
        return Patterns(label=label, help_text=help_text, required=False)
    return forms.CharField(label=label, help_text=help_text, required=False, max_length=80)


def _limits(info: FieldInfo) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for limit in info.metadata:
        if hasattr(limit, "ge") or hasattr(limit, "gt"):
            found["min_value"] = limit.ge if hasattr(limit, "ge") else limit.gt
        if hasattr(limit, "le"):
            found["max_value"] = limit.le
    return found
