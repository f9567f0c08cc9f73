"""What all edits of tests share: the version that a person began with, and saving another."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction

from projects.models import Project, Test
from projects.models.public import number_of
from runs.engine.steps.expect_visible import ExpectVisible

MEANWHILE = "Somebody saved another version meanwhile. Copy your text, reload, and merge it."
BLANK: dict[str, Any] = {
    "title": "",
    "start": "/",
    "steps": [ExpectVisible.step(target={"role": "heading", "name": "…"})],
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
            # Under the lock, for somebody may save between the look and the write.
            if locked.version != (self.cleaned_data["version"] or locked.version):
                return None
            locked.edit(person, self.values["title"], self.values)
            return locked

    values: dict[str, Any]
