"""From a target to the ways of finding it. Pure: `runs.engine.steps` turns a strategy into a locator."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runs.engine.plan import WAYS, Target


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way of finding an element. `frames` are entered first, then `within` scopes, then `nth` picks.

    `exact` None matches names whole, whatever their case and spaces; True in case as well; False takes a part.
    """

    way: str
    value: str
    name: str | None = None
    exact: bool | None = None
    frames: tuple[Strategy, ...] = ()
    within: Strategy | None = None
    nth: int | None = None


def strategies(target: Target) -> tuple[Strategy, ...]:
    """Ways to try in order; the first is the target as it was named."""
    return (_named(target),)


# A form writes “Email *” or “Email:” where people say Email.
_FIELDS = frozenset(
    {"textbox", "searchbox", "combobox", "listbox", "spinbutton", "checkbox", "radio", "switch", "slider"}
)
_SPECIAL = re.compile(r"[.*+?^${}()|\[\]\\/]")


def whole(strategy: Strategy, name: str) -> re.Pattern[str]:
    """What matches the name whole, as a regular expression of JavaScript, without regard to case and spaces.

    The marks that forms put behind the names of their fields may follow.
    """
    words = r"\s+".join(_SPECIAL.sub(r"\\\g<0>", word) for word in name.split())
    marks = r"[\s*:]*" if strategy.way == "label" or strategy.value in _FIELDS else r"\s*"
    return re.compile(rf"^\s*{words}{marks}$", re.IGNORECASE)


def way_of(target: Target) -> tuple[str, str]:
    """The one way in which the target is named, and its value."""
    for way in WAYS:
        value = getattr(target, way)
        if value is not None:
            return way, str(value)
    raise ValueError("a target is named in some way")


def _named(target: Target) -> Strategy:
    way, value = way_of(target)
    return Strategy(
        way=way,
        value=value,
        name=target.name,
        exact=target.exact,
        frames=tuple(_named(frame) for frame in target.frame),
        within=_named(target.within) if target.within else None,
        nth=target.nth,
    )


NOUNS = {
    "label": 'field "{}"',
    "placeholder": 'field with the hint "{}"',
    "alt": 'picture "{}"',
    "title": 'element titled "{}"',
    "text": 'text "{}"',
    "test_id": "element with the test id {}",
    "css": "element that matches {}",
    "xpath": "element at {}",
}


def describe(target: Target) -> str:
    """The target as a person would say it: button "Add to cart" in listitem "Blue mug"."""
    noun = _noun(target)
    if target.nth is not None:
        noun = f"{_ordinal(target.nth)} {noun}"
    if target.within:
        noun = f"{noun} in {describe(target.within)}"
    for frame in reversed(target.frame):
        noun = f"{noun} in the frame {describe(frame)}"
    return noun


def _noun(target: Target) -> str:
    way, value = way_of(target)
    if way == "role":
        return value if target.name is None else f'{value} "{target.name}"'
    return NOUNS[way].format(value)


def _ordinal(nth: int) -> str:
    if nth < 0:
        return "last"
    place = nth + 1
    ending = "th" if place % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"
