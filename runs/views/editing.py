"""Writing tests: whole documents as JSON, or title and steps within the review queue."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import reswap, retarget

from projects import reviewing
from projects.access import QA_LEAD
from projects.accounts import names_of
from projects.models import Project, Test
from projects.models.public import number_of
from projects.place import Place, Request, page, place_of
from runs.engine.steps.document import InvalidDocument, parse, unknown_sign_in
from runs.views.english import read_document, read_steps
from runs.views.queue import Filters, proposals
from runs.views.review import REASONS
from runs.views.tests import found_test

MOST_PROBLEMS = 8
MEANWHILE = "Somebody saved another version meanwhile. Copy your text, reload, and merge it."
BLANK: dict[str, Any] = {
    "title": "",
    "start": "/",
    "steps": [{"do": "expect_visible", "target": {"role": "heading", "name": "…"}}],
}


class EditingForm(forms.Form):
    """An edit of a test, or a new one, with the version that the person began with. `read` fills `values`."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, project: Project, test: Test | None = None) -> None:
        initial = {"version": test.version if test else None} | self.begun_with(test)
        super().__init__(data, initial=initial)
        self.project, self.test = project, test

    def begun_with(self, test: Test | None) -> dict[str, str]:
        """What stands in the fields at first."""
        raise NotImplementedError

    def unknown(self, names: tuple[str, ...]) -> list[str]:
        """Those of the names that no other living test of the project has."""
        numbers = {name: number_of(Test.PREFIX, name) for name in names}
        others = self.project.tests.alive()
        if self.test:
            others = others.exclude(pk=self.test.pk)
        known = set(others.filter(pk__in=[n for n in numbers.values() if n]).values_list("pk", flat=True))
        return [name for name, number in numbers.items() if number not in known]

    def save(self, person: Any) -> Test | None:
        """The test with its new version; nothing where somebody else has saved one meanwhile."""
        with transaction.atomic():
            if self.test is None:
                return Test.write(self.project, person, self.values["title"], self.values)
            locked = Test.objects.select_for_update().get(pk=self.test.pk)
            if locked.version != (self.cleaned_data["version"] or locked.version):
                return None
            locked.edit(person, self.values["title"], self.values)
            return locked

    values: dict[str, Any]


class DocumentForm(EditingForm):
    """A test as JSON."""

    document = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 24, "class": "code", "spellcheck": "false"}), max_length=200_000
    )

    def begun_with(self, test: Test | None) -> dict[str, str]:
        return {"document": json.dumps(test.document if test else BLANK, indent=2, ensure_ascii=False)}

    def clean_document(self) -> str:
        text: str = self.cleaned_data["document"]
        try:
            parsed = read_document(text)
        except InvalidDocument as error:
            found = [f"{path}: {sentence}" if path else sentence for path, sentence in error.problems]
            raise forms.ValidationError(found[:MOST_PROBLEMS]) from error
        signing = unknown_sign_in(parsed.auth, names_of(self.project))
        if signing:
            raise forms.ValidationError([f"{path}: {sentence}." for path, sentence in signing])
        unknown = self.unknown(parsed.depends_on)
        if unknown:
            raise forms.ValidationError([f"depends_on: The project has no other test {name}." for name in unknown])
        self.values = json.loads(text)
        return text


class CardForm(EditingForm):
    """Title and steps of a test, a step a line; the rest of its document stays."""

    title = forms.CharField(max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    steps = forms.CharField(
        max_length=200_000, widget=forms.Textarea(attrs={"rows": 10, "class": "code", "spellcheck": "false"})
    )
    field_order = ["title", "steps", "version"]

    def begun_with(self, test: Test | None) -> dict[str, str]:
        document = test.document if test else BLANK
        lines = ",\n".join(f"  {json.dumps(step, ensure_ascii=False)}" for step in document.get("steps", ()))
        return {"title": document.get("title", ""), "steps": f"[\n{lines}\n]"}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors or self.test is None:
            return cleaned
        try:
            self.values = {**self.test.document, "title": cleaned["title"], "steps": read_steps(cleaned["steps"])}
            parse(self.values)
        except InvalidDocument as error:
            path, sentence = error.problems[0]
            where = "title" if path == "title" else "steps"
            self.add_error(where, f"{path}: {sentence}" if path not in ("", "title") else sentence)
        return cleaned


@page
def new_test(request: Request, project: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD)
    return _written(request, place, DocumentForm(request.POST or None, place.project))


@page
def edit_card(request: Request, test: str) -> HttpResponse:
    """Edits a test where it stands in the review queue; the card comes back with its new version.

    The address has the filters of the queue, so that what is decided next is decided about what they show.
    """
    place, row = found_test(request, test, QA_LEAD)
    filters = Filters.of(request.GET)
    if request.GET.get("cancel"):
        return _card(request, place, row, filters)
    form = CardForm(request.POST if request.method == "POST" else None, place.project, row)
    if form.is_bound and form.is_valid():
        if form.values == row.document:
            return _card(request, place, row, filters)
        saved = form.save(request.user)
        if saved is not None:
            filters = replace(filters, state=reviewing.DRAFT)
            return _card(request, place, saved, filters, f"Saved version {saved.version}: {saved.title}")
        form.add_error(None, MEANWHILE)
    # A refused edit answers 200: htmx shows what it gets, and nothing that was typed is lost.
    return render(request, "runs/_card_edit.html", {"place": place, "form": form, "test": row, "filters": filters})


def _card(request: Request, place: Place, row: Test, filters: Filters, said: str = "") -> HttpResponse:
    context = {"place": place, "item": proposals(place, [row])[0], "reasons": REASONS, "filters": filters}
    answer = render(request, "runs/_card_alone.html", context | {"toast": {"text": said} if said else None})
    return reswap(retarget(answer, f"#proposal-{row.pk}"), "outerHTML")


@page
def edit_test(request: Request, test: str) -> HttpResponse:
    place, row = found_test(request, test, QA_LEAD)
    return _written(request, place, DocumentForm(request.POST or None, place.project, row))


def _written(request: Request, place: Place, form: DocumentForm) -> HttpResponse:
    if form.is_bound and form.is_valid():
        saved = form.save(request.user)
        if saved is not None:
            messages.success(request, f"Version {saved.version} is saved and waits for review.")
            return redirect("test", saved.public_id)
        form.add_error("document", MEANWHILE)
    context = {"here": "tests", "place": place, "form": form, "test": form.test}
    return render(request, "runs/test_edit.html", context, status=422 if form.is_bound else 200)
