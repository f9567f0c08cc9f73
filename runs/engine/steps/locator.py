"""From a strategy to a Playwright locator."""

from __future__ import annotations

from typing import Any, cast

from playwright.async_api import FrameLocator, Locator, Page

from runs.engine.locate import Strategy

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
        return scope.get_by_role(cast(Any, value), name=strategy.name, exact=strategy.exact)
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
        return by_words[strategy.way](value, exact=strategy.exact)
    return scope.locator(f"{strategy.way}={value}")
