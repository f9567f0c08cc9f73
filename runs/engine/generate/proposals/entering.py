"""The steps that enter something into a form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from runs.engine.events import Form, FormField, PageSnapshot
from runs.engine.generate.cases import Step
from runs.engine.page.filling import place_of, unchosen, valid
from runs.engine.page.naming import Target, field_of, submit_of
from runs.engine.steps.click import Click
from runs.engine.steps.entering import enter
from runs.engine.steps.press import Press

TEXTS = frozenset(
    [
        "text",
        "email",
        "tel",
        "url",
        "search",
        "number",
        "password",
        "textarea",
        "date",
        "time",
        "datetime-local",
        "month",
        "week",
    ]
) | {""}


@dataclass(frozen=True, slots=True)
class Entered:
    """A field with the right value for it."""

    field: FormField
    target: Target
    value: str


def entries(form: Form, page: PageSnapshot, random: Random) -> list[Entered] | None:
    """What a person would enter; None when a required field cannot be named or filled."""
    found, place = [], place_of(form.fields)
    for field in form.fields:
        choice = unchosen(field)
        wanted = choice or field.required or (field.type in TEXTS and field.tag != "select")
        if not wanted:
            continue
        target, value = _target(field, form, page), "" if choice else valid(field, random, place)
        if target and value is not None:
            found.append(Entered(field, target, value))
        elif field.required and not (field.type == "choice" and field.value):
            return None
    return found


def steps(entered: Iterable[Entered]) -> list[Step]:
    return [step for entry in entered for step in enter(entry.field, entry.target, entry.value)]


def sending(form: Form, page: PageSnapshot, box: Target | None = None) -> Step | None:
    """The step that sends the form: its button, or Enter in a field; None when it has neither."""
    button = submit_of(form, page)
    if button:
        return Click.step(target=button)
    return Press.step(target=box, key="Enter") if box else None


def label_of(field: FormField) -> str:
    """What a person calls a field."""
    said = field.label or field.placeholder or field.caption or field.name.replace("_", " ") or "field"
    return said.strip().rstrip("*: ")


def _target(field: FormField, form: Form, page: PageSnapshot) -> Target | None:
    if field.type == "radio":
        return {"role": "radio", "name": field.options[0], "exact": True} if field.options else None
    return field_of(field, form, page)
