"""Writing tests: whole documents as JSON."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render

from projects.access import QA_LEAD
from projects.accounts import names_of
from projects.models import Project, Test
from projects.models.public import number_of
from projects.place import Place, Request, page, place_of
from runs.engine.steps.document import InvalidDocument, unknown_sign_in
from runs.views.english import read_document
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


@page
def new_test(request: Request, project: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD)
    return _written(request, place, DocumentForm(request.POST or None, place.project))


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
