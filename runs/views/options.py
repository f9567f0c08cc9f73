"""Forms for options of crawls and runs, made from the engine's own models: same limits, same refusals."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Generic, TypeVar

from django import forms
from django.db.models import Q
from pydantic import ValidationError

from projects.api.error_sentences import by_field
from projects.models import Environment, Project
from projects.models.test import TestQuerySet
from projects.secrets import SecretUnreadable
from runs.engine.plan import ACCOUNT, VISITOR, BrowserOptions, CrawlOptions, RunOptions
from runs.views.fields import SET_BY_PRESETS, Several, field_of, flat, implied, info_of, nested

M = TypeVar("M", bound=BrowserOptions)
Group = tuple[str, tuple[str, ...]]
PROPOSED = (
    "generate_for", "openapi", "dials.approach", "dials.perspectives", "dials.quality", "dials.language",
    "dials.format", "dials.custom_instructions", "replays", "max_breakages",
)  # fmt: skip


class OptionsForm(forms.Form, Generic[M]):
    """Chosen fields of an options model over the project's defaults; `dials.language` is a field of a field."""

    model: type[M]
    kind: str
    groups: tuple[Group, ...]

    def __init__(self, project: Project, data: Any = None, *, prefix: str | None = None) -> None:
        self.defaults: dict[str, Any] = project.settings.get(self.kind, {})
        super().__init__(data, prefix=prefix)
        self.names = tuple(name for _, names in self.groups for name in names)
        usual = flat(self.defaults)
        for name in self.names:
            field = field_of(name, info_of(self.model, name))
            field.initial = usual.get(name, field.initial)
            self.fields[name] = field
        # Shown as empty, so that another preset can be chosen without emptying them by hand.
        for name in implied(self.defaults):
            if name in self.fields:
                self.fields[name].initial = None

    @property
    def grouped(self) -> list[tuple[str, list[forms.BoundField], bool]]:
        """Visible fields by the title that they stand under, and whether one of them was refused."""
        placed = [(title, [self[name] for name in names if name in self.fields]) for title, names in self.groups]
        return [(title, fields, any(field.errors for field in fields)) for title, fields in placed]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = {name: value for name, value in cleaned.items() if name in self.names and value not in (None, "")}
        kept = {name: value for name, value in flat(self.defaults).items() if name not in self.fields}
        # What the project's own preset has set would outweigh the other one as if somebody had written it.
        if given.get("preset") != self.defaults.get("preset"):
            kept = {name: value for name, value in kept.items() if name not in SET_BY_PRESETS}
        if not self.errors:
            self._take({**kept, **given})
        return cleaned

    def _take(self, chosen: dict[str, Any]) -> None:
        try:
            self.options = self.model.model_validate(nested(chosen))
        except ValidationError as error:
            for name, sentences in by_field(error).items():
                self.add_error(self._beside(name), list(sentences))
        else:
            usual = self.model().model_dump(mode="json")
            written = self.options.model_dump(mode="json")
            names = {name.split(".")[0] for name in chosen}
            self.chosen = {name: written[name] for name in names if written[name] != usual[name]}

    def _beside(self, place: str) -> str | None:
        """The field that shows what is wrong at a place such as dials.quality[0]."""
        names = (place.partition("[")[0], place.partition(".")[0])
        return next((name for name in names if name in self.fields), None)


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
    def environment_field(self) -> forms.BoundField:
        return self["environment"]

    @property
    def more_refused(self) -> bool:
        return any(refused for title, _, refused in self.grouped if title)

    @property
    def environment(self) -> Environment | None:
        return self.environments.get(self.cleaned_data.get("environment", ""))


class CrawlStart(StartForm[CrawlOptions]):
    model, kind = CrawlOptions, "crawl"
    groups = (
        ("", ("mode", "preset", "max_pages", "test_count", "read_only")),
        ("How far", ("max_depth", "max_states", "max_minutes", "requests_per_second", "roles", "shards", "parallel")),
        ("With what care", ("allow_actions", "deny_actions", "clean_up")),
        ("What is proposed", PROPOSED),
    )

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(project, data)
        self.project = project
        offer_roles(self, project)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            there = self.environment
            elsewhere = self.options.openapi_elsewhere(there.base_url if there else self.project.url)
            if elsewhere:
                self.add_error("openapi", elsewhere)
        return cleaned


class RunStart(StartForm[RunOptions]):
    model, kind = RunOptions, "run"
    groups = (("", ("shards", "parallel", "retries", "budget_minutes", "device", "network")),)

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(project, data)
        tags = tags_in(project.tests.approved())
        if tags:
            self.fields["tags"] = Several(
                label="Only tests tagged", choices=[(tag, tag) for tag in tags], required=False
            )

    @property
    def tags_field(self) -> forms.BoundField | None:
        return self["tags"] if "tags" in self.fields else None


def tags_in(tests: TestQuerySet) -> list[str]:
    """The tags of these tests, in the order of the alphabet."""
    found = tests.order_by().values_list("document__tags", flat=True)
    return sorted({str(tag) for tags in found for tag in tags or ()}, key=str.casefold)


def tagged(tests: TestQuerySet, tags: Collection[str]) -> TestQuerySet:
    """Those that have any of the tags. SQLite keeps letters beyond ASCII escaped in JSON, PostgreSQL does not."""
    found = Q()
    for tag in tags:
        for written in {json.dumps(tag), json.dumps(tag, ensure_ascii=False)}:
            found |= Q(document__tags__icontains=written)
    return tests.filter(found) if tags else tests


class CrawlDefaults(OptionsForm[CrawlOptions]):
    model, kind = CrawlOptions, "crawl"
    groups = (
        ("", ("mode", "preset", "max_pages", "test_count", "shards", "parallel", "read_only")),
        (
            "How far",
            (
                "max_depth", "max_states", "max_actions", "action_timeout_ms", "max_minutes", "same_template",
                "requests_per_second", "page_timeout_ms", "include", "exclude", "roles", "respect_robots",
            ),
        ),
        ("With what care", ("allow_actions", "deny_actions", "allow_destructive", "clean_up")),
        ("What is proposed", PROPOSED),
        ("Browser", ("locale", "timezone_id", "device")),
    )  # fmt: skip

    def __init__(self, project: Project, data: Any = None, *, prefix: str | None = None) -> None:
        super().__init__(project, data, prefix=prefix)
        offer_roles(self, project)


class RunDefaults(OptionsForm[RunOptions]):
    model, kind = RunOptions, "run"
    groups = (
        (
            "",
            (
                "shards", "parallel", "retries", "budget_minutes", "max_failures", "timeout_ms", "test_timeout_ms",
                "locale", "timezone_id", "device", "network", "trace", "screenshot", "video", "vitals", "hedge",
            ),
        ),
    )  # fmt: skip


def offer_roles(form: OptionsForm[CrawlOptions], project: Project) -> None:
    """The sign-ins that there are, and none; without any there is nothing to choose."""
    names = [str(name) for name in project.auth_profiles.values_list("name", flat=True)]
    own = [(ACCOUNT, "the project's own")] if _signs_in(project) else []
    if not (own or names):
        del form.fields["roles"]
        return
    field: Any = form.fields["roles"]
    field.choices = [*own, *((name, name) for name in names), (VISITOR, "nobody, as a visitor")]
    known = {name for name, _ in field.choices}
    field.initial = [name for name in field.initial or () if name in known]


def _signs_in(project: Project) -> bool:
    try:
        return project.has_credentials
    except SecretUnreadable:
        # There is a sign-in; that no key opens it is said by the run that needs it (R3).
        return True
