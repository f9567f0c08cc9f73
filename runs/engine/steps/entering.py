"""The steps that enter a value into a field, in the way its kind asks for."""

from __future__ import annotations

from typing import Any

from runs.engine.events import FormField
from runs.engine.page.filling import meaning
from runs.engine.steps.check import Check
from runs.engine.steps.click import Click
from runs.engine.steps.fill import Fill
from runs.engine.steps.press import Press
from runs.engine.steps.select import Select

# What a choice has opened: its first option, whatever it is called.
FIRST_OPTION = {"role": "option", "within": {"role": "listbox"}, "nth": 0}


def enter(field: FormField, target: dict[str, Any], value: str) -> tuple[dict[str, Any], ...]:
    """One value into one field. Of a choice its first option is taken, and boxes are ticked, whatever the value."""
    if field.type == "choice":
        return _choosing(target)
    if meaning(field) == "select":
        return (Select.step(target=target, value=value),)
    if field.type in ("checkbox", "radio"):
        return (Check.step(target=target),)
    return (Fill.step(target=target, value=value),)


def _choosing(target: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """By keyboard: all kinds of choices open with Space, also where no click does."""
    frame = {"frame": target["frame"]} if "frame" in target else {}
    return Press.step(target=target, key="Space"), Click.step(target=FIRST_OPTION | frame)
