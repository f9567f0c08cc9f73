"""A form as one action: the steps that fill it plausibly and send it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from random import Random
from typing import Any

from runs.engine.events import Form, FormField, PageSnapshot
from runs.engine.kinds import kind_of
from runs.engine.page.filling import meaning, place_of, unchosen, valid
from runs.engine.page.naming import field_of, submit_of
from runs.engine.page.safety import asks
from runs.engine.steps.click import Click
from runs.engine.steps.entering import enter
from runs.engine.steps.fill import Fill
from runs.engine.steps.press import Press

Steps = tuple[dict[str, Any], ...]

MARKER = "Sentri {{random.digits(6)}}"
MARKED = re.compile(r"sentri", re.IGNORECASE)
NAMES_A_RECORD = ("name", "text", "subject", "organization", "username")
# As long as “Sentri 482913”: a mark that is cut off would not be found again.
SHORTEST_MARKED = 13


def steps_of(form: Form, page: PageSnapshot, random: Random) -> Steps | None:
    """Fill what is empty, then send; None where a field that is needed cannot be filled, or nothing sends it.

    What the page itself has filled in stays: sending it again changes least. A form that asks is asked one thing.
    """
    filled: list[tuple[FormField, Steps]] = []
    for field in form.fields:
        steps = _entered(field, form, page, random)
        if steps:
            filled.append((field, steps))
        elif field.required and (not field.value or unchosen(field)):
            return None
    if asks(form):
        filled = _one_question(filled)
    _mark(filled, form)
    entries = [step for _, steps in filled for step in steps]
    sending = _sending(form, page, entries)
    return (*entries, sending) if sending else None


def _entered(field: FormField, form: Form, page: PageSnapshot, random: Random) -> Steps:
    """Nothing where it stays as it is, or nothing is known to be entered."""
    target = _target(field, form, page)
    what = meaning(field)
    value: str | None = None
    if what == "choice":
        value = "" if unchosen(field) else None
    elif what == "select":
        value = _chosen(field, form) or None
    elif field.type == "checkbox":
        value = "on" if field.required else None
    elif field.type == "radio":
        target = _framed({"role": "radio", "name": next(iter(field.options), ""), "exact": True}, form)
        value = None if field.value else "on"
    elif field.type != "file" and not field.value:
        value = valid(field, random, place_of(form.fields))
    return () if value is None else enter(field, target, value)


def _chosen(field: FormField, form: Form) -> str | None:
    """A real option where none is chosen; where one is, another, if the form asks for nothing else."""
    if _real(field, (field.value,)) and len(form.fields) > 1:
        return None
    return _real(field, (option for option in field.options if option != field.value))


def _real(field: FormField, options: Iterable[str]) -> str | None:
    """The first of these options that is more than a placeholder."""
    return valid(field.model_copy(update={"options": tuple(options)}), Random(0))  # noqa: S311


def _one_question(filled: list[tuple[FormField, Steps]]) -> list[tuple[FormField, Steps]]:
    """What is required, and one field more, a text if there is one.

    Several conditions at once find nothing, and a field beside them may keep something: Roundup stores a search, by
    GET, once its optional name is filled in.
    """
    texts = [field for field, steps in filled if kind_of(steps[0]) is Fill]
    first = next((field for field in (*texts, *(field for field, _ in filled)) if not field.required), None)
    return [(field, steps) for field, steps in filled if field.required or field is first]


def _mark(filled: list[tuple[FormField, Steps]], form: Form) -> None:
    """What a form creates must be found again: one value carries our marker where there is room for it."""
    if asks(form):
        return
    if any(MARKED.search(str(steps[0].get("value", ""))) for _, steps in filled):
        return
    for field, (step, *_) in filled:
        room = field.max_length is None or field.max_length >= SHORTEST_MARKED
        if kind_of(step) is Fill and meaning(field) in NAMES_A_RECORD and room and not field.pattern:
            step["value"] = MARKER
            return


def _sending(form: Form, page: PageSnapshot, entries: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    if form.submit or form.submit_css:
        own = {"css": form.submit_css} if form.frame or not form.submit else submit_of(form, page)
        target = own or {"css": form.submit_css}
        return Click.step(target=_framed(target, form))
    # Without a button a form is sent by Enter in a text field, which HTML calls implicit submission.
    last = next((step for step in reversed(list(entries)) if kind_of(step) is Fill), None)
    return Press.step(target=last["target"], key="Enter") if last else None


def _target(field: FormField, form: Form, page: PageSnapshot) -> dict[str, Any]:
    named = None if form.frame else field_of(field, form, page)
    return _framed(named or {"css": field.css}, form)


def _framed(target: dict[str, Any], form: Form) -> dict[str, Any]:
    return target | {"frame": [{"css": form.frame}]} if form.frame else target
