"""Expectations that a test could have: effects that were the same in every replay and did not hold before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from runs.engine.generate.effects import expected, first_entry, visible, whereabouts
from runs.engine.page.look import Look, difference
from runs.engine.page.naming import shown
from runs.engine.steps.expect_count import ExpectCount

Seen = tuple[Look | None, Look | None]
MOST = 9


def candidates(
    seen: Sequence[Seen], steps: Sequence[dict[str, Any]], figures: Sequence[tuple[str, int]] = ()
) -> list[dict[str, Any]]:
    """Expectations on what all replays (looks before the last action and at the end) show, and no step has yet.

    `figures` are texts with the numbers of elements that say them.
    """
    found = [_effects(before, after, figures) for before, after in seen if after is not None]
    if not found or len(found) < len(seen):
        return []
    known = {_key(step) for step in steps}
    stable = set.intersection(*({_key(step) for step in expectations} for expectations in found))
    return [step for step in found[0] if _key(step) in stable - known][:MOST]


def _effects(before: Look | None, after: Look, figures: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    if before is None:
        target = shown("heading", after.main_heading)
        return [*([visible(target)] if target else []), *first_entry(after)]
    change = difference(before, after)
    typed = [field.value for field in before.fields if len(field.value) > 1]
    counted = [_figure(text, number) for text, number in figures if text in after.texts and text not in before.texts]
    return [*expected(change, after, typed), *whereabouts(change, after), *counted]


def _figure(text: str, number: int) -> dict[str, Any]:
    """A sum may stand where its only part stands as well: then it counts how often the text is said."""
    target = {"text": text, "exact": True}
    return visible(target) if number == 1 else ExpectCount.step(target=target, count=number)


def _key(step: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in step.items() if name != "note"}, sort_keys=True)
