"""From a strategy to a Playwright locator."""

from __future__ import annotations

import re
from typing import Any, Literal, cast

from playwright.async_api import FrameLocator, Locator, Page

from runs.engine.locate import Strategy, whole

# A label that stands around its field has the options or the text of the field among its words.
FILLED_LABELS: tuple[Literal["combobox", "listbox", "textbox"], ...] = ("combobox", "listbox", "textbox")
Scope = Page | FrameLocator | Locator


def find(scope: Scope, strategy: Strategy) -> Locator:
    for frame in strategy.frames:
        scope = find(scope, frame).content_frame
    if strategy.within:
        scope = find(scope, strategy.within)
    located = _by_way(scope, strategy)
    return located if strategy.nth is None else located.nth(strategy.nth)


def _by_way(scope: Scope, strategy: Strategy) -> Locator:
    value = strategy.value
    if strategy.way == "role":
        return scope.get_by_role(cast(Any, value), name=_text(strategy, strategy.name), exact=bool(strategy.exact))
    if strategy.way == "test_id":
        return scope.get_by_test_id(value)
    by_words = {
        "label": scope.get_by_label,
        "placeholder": scope.get_by_placeholder,
        "alt": scope.get_by_alt_text,
        "title": scope.get_by_title,
        "text": scope.get_by_text,
    }
    if strategy.way in by_words:
        words = _text(strategy, value) or value
        located = by_words[strategy.way](words, exact=bool(strategy.exact))
        return (
            located
            if strategy.way != "label" or strategy.exact is False
            else _or_named(scope, located, words, strategy)
        )
    return scope.locator(f"{strategy.way}={value}")


def _or_named(scope: Scope, located: Locator, words: str | re.Pattern[str], strategy: Strategy) -> Locator:
    """With the fields that are named so although their label says more: it has the choices or the text within it."""
    for role in FILLED_LABELS:
        located = located.or_(scope.get_by_role(role, name=words, exact=bool(strategy.exact)))
    return located


def _text(strategy: Strategy, name: str | None) -> str | re.Pattern[str] | None:
    """An empty name is part of every name, and whole it would be that of nothing."""
    return name if strategy.exact is not None or not (name or "").strip() else whole(strategy, name or "")
