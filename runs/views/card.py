"""Editing a test where it stands in the review queue: its title, and its steps as rows or as JSON."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django_htmx.http import reswap, retarget

from projects import reviewing
from projects.access import QA_LEAD
from projects.models import Project, Test
from projects.place import Place, SignedInRequest, page
from runs.engine.steps import STEPS
from runs.engine.steps.document import InvalidDocument, parse
from runs.views.editing import BLANK, MEANWHILE, EditingForm
from runs.views.english import read_steps
from runs.views.new_steps import kinds, new_step
from runs.views.queue import Filters, proposals
from runs.views.review import REASONS
from runs.views.step_rows import StepField, StepRow, unnamed
from runs.views.tests import found_test

ROWS, JSON = "rows", "json"
OF_A_STEP = re.compile(r"steps\[(\d+)\](?:\.([^:\s]+))?: (.+)", re.DOTALL)


@dataclass(frozen=True)
class RowShown:
    """A row with what is wrong with its step, each problem with its place within the step."""

    row: StepRow
    problems: tuple[tuple[str, str], ...]
    new: bool

    @property
    def sentences(self) -> list[str]:
        return [sentence for _, sentence in self.problems]

    @cached_property
    def wrong(self) -> StepField | None:
        """The field that the first problem is about."""
        fields = sorted(self.row.fields, key=lambda field: bool(field.choices))
        about = (field for place, _ in self.problems for field in fields if _is_at(place, field.place))
        return next(about, fields[0] if self.problems and fields else None)

    @property
    def begun(self) -> StepField | None:
        """The field of a new step that is written first."""
        fields = sorted(self.row.fields, key=lambda field: bool(field.choices))
        return fields[0] if self.new and fields else None


def _is_at(place: str, field: str) -> bool:
    return place == field or place.startswith(f"{field}.") or field.startswith(f"{place}.")


class CardForm(EditingForm):
    """Title and steps of a test; the rest of its document stays.

    Rows are sent as `row`, their keys in order; of each key "3" its step as `step-3` and its fields as `field-3`. They
    are read into `steps` first, so that both forms are one. A post with `show`, or with `add` and a kind of step, saves
    nothing: it shows what was typed in another form, or with one step more.
    """

    title = forms.CharField(max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    steps = forms.CharField(
        max_length=200_000, widget=forms.Textarea(attrs={"rows": 10, "class": "code", "spellcheck": "false"})
    )
    field_order = ["title", "steps", "version"]

    def __init__(self, posted: QueryDict | None, project: Project, test: Test | None) -> None:
        self.posted = posted
        self.turns = posted is not None and not {"show", "add"}.isdisjoint(posted)
        self.problems: list[tuple[str, str]] = []
        given = self.typed(posted) if posted is not None else None
        if self.turns and given and _listed(given.get("steps", "")) is not None:
            # Unbound, for what is only shown in another form is not judged yet.
            super().__init__(None, project, test)
            self.initial.update(given)
        else:
            super().__init__(given, project, test)
        # Several cards stand on one page, and an id may be there once.
        self.auto_id = f"id_{test.pk if test else 'new'}_%s"
        if self.shown == JSON and not self.is_bound:
            self.fields["steps"].widget.attrs["data-focus"] = True

    def typed(self, posted: QueryDict) -> dict[str, str]:
        """What stands in the fields of the form, rows read as JSON."""
        given = {name: str(posted[name]) for name in ("title", "steps", "version") if name in posted}
        return given | ({"steps": as_text(steps_of_rows(posted))} if posted.get("shown") == ROWS else {})

    def begun_with(self, test: Test | None) -> dict[str, str]:
        document = test.document if test else BLANK
        return {"title": document.get("title", ""), "steps": as_text(document.get("steps", ()))}

    @property
    def shown(self) -> str:
        if self.posted is None:
            return ROWS
        return ROWS if (self.posted.get("show") or self.posted.get("shown")) == ROWS else JSON

    @cached_property
    def rows(self) -> list[RowShown] | None:
        """The steps as rows; None where they are shown as JSON, or cannot be read."""
        steps = _listed(str(self["steps"].value() or "")) if self.shown == ROWS else None
        if steps is None:
            return None
        problems: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for number, place, sentence in self._of_steps():
            problems[number].append((place, sentence))
        added = len(steps) - 1 if self.turns and self.posted and "add" in self.posted else None
        return [RowShown(StepRow.from_step(step), tuple(problems[n]), n == added) for n, step in enumerate(steps)]

    @property
    def stands_at_rows(self) -> bool:
        """Whether what is wrong with the steps is said at rows."""
        return any(row.problems for row in self.rows or ())

    kinds = staticmethod(kinds)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors or self.test is None:
            return cleaned
        try:
            self.values = {**self.test.document, "title": cleaned["title"], "steps": read_steps(cleaned["steps"])}
            parse(self.values)
            self.say(nameless(self.values["steps"]))
        except InvalidDocument as error:
            self.say(error.problems)
        return cleaned

    def say(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        for path, sentence in problems[:1]:
            where = "title" if path == "title" else "steps"
            self.add_error(where, f"{path}: {sentence}" if path not in ("", "title") else sentence)

    def _of_steps(self) -> Iterator[tuple[int, str, str]]:
        """Number of the step, place within it, sentence."""
        found = (OF_A_STEP.fullmatch(f"{path}: {sentence}" if path else sentence) for path, sentence in self.problems)
        return ((int(match[1]), match[2] or "", match[3]) for match in found if match)


def nameless(steps: list[Any]) -> list[tuple[str, str]]:
    return [(f"steps[{n}].target", "say which element is meant") for n, step in enumerate(steps) if unnamed(step)]


def steps_of_rows(posted: QueryDict) -> list[Any]:
    """The steps that were sent as rows, with one more where one was added."""
    steps = [_of_row(posted, key) for key in posted.getlist("row")]
    added = posted.get("kind", "") if "add" in posted else ""
    return [*steps, new_step(added)] if added in STEPS else steps


def _of_row(posted: QueryDict, key: str) -> Any:
    """The step of a row that was sent. What no page of ours sends is refused."""
    try:
        (step,) = read_steps(f"[{posted.get(f'step-{key}', '')}]")
        return StepRow.from_step(step).with_texts(posted.getlist(f"field-{key}"))
    except (InvalidDocument, ValueError) as error:
        raise SuspiciousOperation("A row has no step.") from error


def as_text(steps: Any) -> str:
    """Steps as JSON, a step a line."""
    lines = ",\n".join(f"  {json.dumps(step, ensure_ascii=False)}" for step in steps)
    return f"[\n{lines}\n]"


def _listed(text: str) -> list[Any] | None:
    try:
        return read_steps(text)
    except InvalidDocument:
        return None


@page
def edit_card(request: SignedInRequest, test: str) -> HttpResponse:
    """Edits a test where it stands in the review queue; the card comes back with its new version.

    The address has the filters of the queue, so that what is decided next is decided about what they show.
    """
    place, row = found_test(request, test, QA_LEAD)
    filters = Filters.from_query(request.GET)
    if request.GET.get("cancel"):
        return _card(request, place, row, filters)
    form = CardForm(request.POST if request.method == "POST" else None, place.project, row)
    if form.is_bound and form.is_valid() and not form.turns:
        # A new version would send an approved test back to review for nothing.
        if form.values == row.document:
            return _card(request, place, row, filters)
        saved = form.save(request.user)
        if saved is not None:
            # A test that was edited waits for review, whatever the queue was showing.
            filters = replace(filters, state=reviewing.DRAFT)
            return _card(request, place, saved, filters, f"Saved version {saved.version}: {saved.title}")
        form.add_error(None, MEANWHILE)
    # A refused edit answers 200: htmx shows what it gets, and nothing that was typed is lost.
    return render(request, "runs/_card_edit.html", {"place": place, "form": form, "test": row, "filters": filters})


def _card(request: SignedInRequest, place: Place, row: Test, filters: Filters, said: str = "") -> HttpResponse:
    context = {"place": place, "item": proposals(place, [row])[0], "reasons": REASONS, "filters": filters}
    answer = render(request, "runs/_card_alone.html", context | {"toast": {"text": said} if said else None})
    return reswap(retarget(answer, f"#proposal-{row.pk}"), "outerHTML")
