"""Writing a test on a page of its own: by the rows of the review card, or as the JSON of its whole document."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render

from projects.access import QA_LEAD
from projects.accounts import names_of
from projects.models import Project, Test
from projects.place import Place, SignedInRequest, page, place_of
from runs.engine.steps.document import InvalidDocument, unknown_sign_in
from runs.views.card import JSON, ROWS, CardForm, as_text, nameless, steps_of_rows
from runs.views.editing import BLANK, MEANWHILE
from runs.views.english import read_document, read_steps
from runs.views.tests import found_test

MOST_PROBLEMS = 8


class PageForm(CardForm):
    """Title, first page and steps of a test; the rest of its document is in `document`, as JSON the whole of it.

    As rows `document` is sent along unseen, so that what rows do not show stays; as JSON it is all there is.
    """

    title = forms.CharField(max_length=300, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    start = forms.CharField(max_length=2000, required=False, label="First page", help_text="A path such as /cart.")
    steps = forms.CharField(max_length=200_000, required=False, widget=forms.HiddenInput)
    document = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 24, "class": "code", "spellcheck": "false"}), max_length=200_000
    )
    field_order = ["title", "start", "document", "version"]

    def __init__(self, posted: QueryDict | None, project: Project, test: Test | None) -> None:
        super().__init__(posted, project, test)
        if self.shown == ROWS:
            self.fields["document"].widget = forms.HiddenInput()
        elif not self.is_bound:
            self.fields["document"].widget.attrs["data-focus"] = True

    @property
    def shown(self) -> str:
        """JSON stays JSON as long as it cannot be read."""
        given = self.posted
        if given is not None and given.get("shown") != ROWS and _object(given.get("document", "")) is None:
            return JSON
        return super().shown

    def begun_with(self, test: Test | None) -> dict[str, str]:
        return _fields_of(test.document if test else BLANK)

    def typed(self, posted: QueryDict) -> dict[str, str]:
        version = {"version": str(posted["version"])} if "version" in posted else {}
        document = _object(posted.get("document", ""))
        if posted.get("shown") != ROWS:
            fields = _fields_of(document) if document is not None else {}
            return version | fields | {"document": posted.get("document", "")}
        if document is None:
            raise SuspiciousOperation("The rest of the document is no JSON.")
        document |= {"title": posted.get("title", "").strip(), "steps": steps_of_rows(posted)}
        document |= {"start": posted.get("start", "").strip()}
        if not document["start"]:
            del document["start"]
        return version | _fields_of(document)

    def clean(self) -> dict[str, Any]:
        # Not the card's, which judges title and steps alone: here the whole document is judged.
        cleaned = forms.Form.clean(self) or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            parsed = read_document(cleaned["document"])
            problems = unknown_sign_in(parsed.auth, names_of(self.project))
            missing = self.unknown(parsed.depends_on)
            problems += [("depends_on", f"The project has no other test {name}.") for name in missing]
            self.values = json.loads(cleaned["document"])
            self.say(problems or nameless(self.values["steps"]))
        except InvalidDocument as error:
            self.say(error.problems)
        return cleaned

    def say(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        for path, sentence in problems[:MOST_PROBLEMS]:
            first = path.partition("[")[0].partition(".")[0]
            where = first if self.shown == ROWS and first in ("title", "start", "steps") else "document"
            said = sentence if first == where else f"{path}: {sentence}" if path else sentence
            # As rows the document is a hidden field, beside which nobody would see a sentence.
            self.add_error(None if where == "document" and self.shown == ROWS else where, said)


def _fields_of(document: dict[str, Any]) -> dict[str, str]:
    steps = document.get("steps", ())
    return {
        "title": str(document.get("title", "")),
        "start": str(document.get("start") or ""),
        "steps": as_text(steps if isinstance(steps, list | tuple) else ()),
        "document": json.dumps(document, indent=2, ensure_ascii=False),
    }


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that was typed, None where it is something else."""
    try:
        (found,) = read_steps(f"[{text}]")
    except (InvalidDocument, ValueError):
        return None
    return found if isinstance(found, dict) else None


@page
def new_test(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD)
    return _written(request, place, PageForm(_posted(request), place.project, None))


@page
def edit_test(request: SignedInRequest, test: str) -> HttpResponse:
    place, row = found_test(request, test, QA_LEAD)
    return _written(request, place, PageForm(_posted(request), place.project, row))


def _posted(request: SignedInRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _written(request: SignedInRequest, place: Place, form: PageForm) -> HttpResponse:
    context = {"here": "tests", "place": place, "form": form, "test": form.test, "as_json": form.shown == JSON}
    if form.turns:
        return render(request, "runs/_editor.html" if request.htmx else "runs/test_edit.html", context)
    if form.is_bound and form.is_valid():
        saved = form.save(request.user)
        if saved is not None:
            messages.success(request, f"Version {saved.version} is saved and waits for review.")
            return redirect("test", saved.public_id)
        form.add_error(None, MEANWHILE)
    return render(request, "runs/test_edit.html", context, status=422 if form.is_bound else 200)
