"""Looks at pages, compared: what all clean replays show alike, and whether a broken one shows something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runs.engine.browser import Error, Page, read_page
from runs.engine.page.look import SCRIPT, Look
from runs.engine.page.volatile import normalised


async def look_at(page: Page) -> Look | None:
    """A look, or nothing where the page cannot be looked at."""
    try:
        return Look.model_validate(await read_page(page, SCRIPT, "look()"))
    except Error:
        return None


def differs(clean: Sequence[Look], broken: Look | None) -> bool:
    """Whether something is gone that every clean replay showed, or is there that none did, volatile parts aside."""
    if broken is None or not clean:
        return False
    shown = set(parts(broken))
    always = set.intersection(*(set(parts(look)) for look in clean))
    ever = {normalised(part) for look in clean for part in parts(look)}
    return not always <= shown or any(normalised(part) not in ever for part in shown)


def parts(look: Look) -> Iterator[str]:
    """What a look shows, in sentences that can be compared."""
    yield f"at {look.path}?{look.query}"
    yield f"title {look.title}"
    yield from (f"heading {heading.text}" for heading in look.headings)
    yield from (f"says {message.role} {message.text}" for message in look.messages if message.text)
    yield from (f"text {text}" for text in look.texts)
    yield from (
        f"{pressable.role} {pressable.name} {pressable.expanded}{pressable.pressed}{pressable.selected}"
        for pressable in look.pressables
    )
    yield from (
        f"field {field.label or field.name} {field.value} {field.checked} "
        f"{field.aria_invalid} {field.submitted_invalid}"
        for field in look.fields
    )
    yield from (f"dialog {name}" for name in look.dialogs)


def same(before: Look | None, after: Look | None) -> bool:
    """Whether two looks of one replay show the same, to the letter."""
    return before is not None and after is not None and set(parts(before)) == set(parts(after))
