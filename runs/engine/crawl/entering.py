"""A form as one action: the steps that fill it plausibly and send it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from random import Random
from typing import Any

from runs.engine.events import Form, FormField, PageSnapshot
from runs.engine.page.filling import choosing, meaning, place_of, unchosen, valid
from runs.engine.page.naming import field_of, submit_of

Steps = tuple[dict[str, Any], ...]

MARKER = "Sentri {{random.digits(6)}}"
MARKED = re.compile(r"sentri", re.IGNORECASE)
NAMES_A_RECORD = ("name", "text", "subject", "organization", "username")
SHORTEST_MARKED = 13


def steps_of(form: Form, page: PageSnapshot, random: Random) -> Steps | None:
    """Fill what is empty, then send; None where a field that is needed cannot be filled, or nothing sends it.

    What the page itself has filled in stays: sending it again changes least.
    """
    filled: list[tuple[FormField, Steps]] = []
    for field in form.fields:
        steps = _entered(field, form, page, random)
        if steps:
            filled.append((field, steps))
        elif field.required and (not field.value or unchosen(field)):
            return None
    _mark(filled, form)
    entries = [step for _, steps in filled for step in steps]
    sending = _sending(form, page, entries)
    return (*entries, sending) if sending else None


def _entered(field: FormField, form: Form, page: PageSnapshot, random: Random) -> Steps:
    """Nothing where it stays as it is, or nothing is known to be entered."""
    target = _target(field, form, page)
    what = meaning(field)
    if what == "choice" and unchosen(field):
        return choosing(target)
    step: dict[str, Any] | None = None
    if what == "select":
        value = _chosen(field, form)
        step = {"do": "select", "target": target, "value": value} if value else None
    elif field.type == "checkbox" and field.required:
        step = {"do": "check", "target": target}
    elif field.type == "radio" and not field.value:
        option = {"role": "radio", "name": next(iter(field.options), ""), "exact": True}
        step = {"do": "check", "target": _framed(option, form)}
    elif field.type not in ("file", "checkbox", "radio", "choice") and not field.value:
        value = valid(field, random, place_of(form.fields))
        step = None if value is None else {"do": "fill", "target": target, "value": value}
    return (step,) if step else ()


def _chosen(field: FormField, form: Form) -> str | None:
    """A real option where none is chosen; where one is, another, if the form asks for nothing else."""
    if _real(field, (field.value,)) and len(form.fields) > 1:
        return None
    return _real(field, (option for option in field.options if option != field.value))


def _real(field: FormField, options: Iterable[str]) -> str | None:
    """The first of these options that is more than a placeholder."""
    return valid(field.model_copy(update={"options": tuple(options)}), Random(0))  # noqa: S311


def _mark(filled: list[tuple[FormField, Steps]], form: Form) -> None:
    """What a form creates must be found again: one value carries our marker where there is room for it."""
    if form.method == "get" and form.action:
        return
    if any(MARKED.search(str(steps[0].get("value", ""))) for _, steps in filled):
        return
    for field, (step, *_) in filled:
        room = field.max_length is None or field.max_length >= SHORTEST_MARKED
        if step["do"] == "fill" and meaning(field) in NAMES_A_RECORD and room and not field.pattern:
            step["value"] = MARKER
            return


def _sending(form: Form, page: PageSnapshot, entries: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    if form.submit or form.submit_css:
        own = {"css": form.submit_css} if form.frame or not form.submit else submit_of(form, page)
        target = own or {"css": form.submit_css}
        return {"do": "click", "target": _framed(target, form)}
    last = next((step for step in reversed(list(entries)) if step["do"] == "fill"), None)
    return {"do": "press", "target": last["target"], "key": "Enter"} if last else None


def _target(field: FormField, form: Form, page: PageSnapshot) -> dict[str, Any]:
    named = None if form.frame else field_of(field, form, page)
    return _framed(named or {"css": field.css}, form)


def _framed(target: dict[str, Any], form: Form) -> dict[str, Any]:
    return target | {"frame": [{"css": form.frame}]} if form.frame else target
