"""From an observed change to the steps that expect it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from runs.engine.generate.cases import Step, query_of
from runs.engine.page.look import Entry, LiveField, Look, Message, PageChange, difference
from runs.engine.page.naming import said, shown
from runs.engine.page.volatile import steady
from runs.engine.steps.expect_hidden import ExpectHidden
from runs.engine.steps.expect_text import ExpectText
from runs.engine.steps.expect_url import ExpectUrl
from runs.engine.steps.expect_visible import ExpectVisible
from runs.engine.traffic import BLANK


def expected(change: PageChange, after: Look, typed: Iterable[str] = ()) -> list[Step]:
    """Expectations on what an action did, the most telling first; only such as did not hold before it.

    `typed` are values that were entered and may come back in texts.
    """
    values = tuple(typed)
    steps = [step for message in change.messages[:2] if (step := message_step(message, values))]
    steps += [step for field in change.invalid[:2] for step in complaint(field, after, values)]
    steps += heading(change)
    # Any other new text may stand there by chance: it is taken only where no message, mark or heading is new.
    if not steps:
        steps += list(_texts(change, values))[:2]
    steps += [visible(target) for name in after.dialogs if name and (target := shown("dialog", name))]
    steps += [
        visible({"role": pressable.role, "name": pressable.name, "exact": True})
        for pressable in change.counted[:1]
        if pressable.role
    ]
    return steps


def whereabouts(change: PageChange, after: Look) -> list[Step]:
    """The address that was reached, where an action leads to another one."""
    return [at(after)] if change.moved or change.query_changed else []


def at(look: Look) -> Step:
    """Where one is; parameters whose values may be secret are left out."""
    query = {name: value for name, value in query_of(f"?{look.query}").items() if value != BLANK}
    step: Step = ExpectUrl.step(path=look.path)
    return step | {"query": query} if query else step


def heading(change: PageChange) -> list[Step]:
    """The main heading, when it is another one than before: on another page it may have been an entry's before."""
    new = change.main_heading in change.headings or change.moved
    target = shown("heading", change.main_heading) if new else None
    return [visible(target)] if target else []


def message_step(message: Message, typed: tuple[str, ...] = ()) -> Step | None:
    """The announcement: one of that role says it; where it has no role, it stands on the page."""
    part = steady(message.text, typed)
    if not part:
        return None
    if message.role:
        return ExpectText.step(target={"role": message.role}, contains=part)
    return visible(said(part))


def complaint(field: LiveField, look: Look, typed: tuple[str, ...] = ()) -> Iterator[Step]:
    """How a page says that a field is not right: the words beside it, and the mark on it."""
    words = steady(field.explained, typed)
    # A field may point at words that are hidden, and a test can expect only what is seen.
    if words and any(words in text for text in look.texts):
        yield visible(said(words))
    # `:invalid` holds of an empty required field before anything was sent; `:user-invalid` only after somebody tried.
    mark = '[aria-invalid="true"]' if field.aria_invalid else ":user-invalid"
    if field.css:
        name = field.label or field.placeholder or field.name
        yield visible({"css": f"{field.css}{mark}"}) | {"note": f"{name or 'The field'} is marked as not valid"}


def presence(entries: Iterable[Entry], count: int) -> list[Step]:
    """That entries of a list are there, by the link, heading or text that names them."""
    found = []
    for entry in entries:
        target = shown(entry.role, entry.name) if entry.role else None
        # A name that holds a number or a date is known by a part of it, which other entries may have as well.
        if target and target.get("exact"):
            found.append(visible(target))
        if len(found) == count:
            break
    return found


def absence(entries: Iterable[Entry], look: Look, count: int) -> list[Step]:
    """That entries are not there any more: neither listed nor named elsewhere on the page."""
    found: list[Step] = []
    for entry in entries:
        target = shown(entry.role, entry.name) if entry.role else None
        if target and target.get("exact") and not look.names(entry.role)[entry.name]:
            found.append(ExpectHidden.step(target={**target}))
        if len(found) == count:
            break
    return found


def first_entry(look: Look) -> list[Step]:
    """That the list begins with the entry that it began with."""
    role, entries = look.list_role, look.listed()
    if not role or not entries or not (name := steady(entries[0].name)):
        return []
    target: dict[str, Any] = {"role": role, "nth": entries[0].position}
    if look.has_main:
        target["within"] = {"role": "main"}
    return [ExpectText.step(target=target, contains=name)]


def relisted(before: Look, after: Look) -> list[Step]:
    """What is listed now and was not, or is not listed any more, and what the list begins with if that is another."""
    change = difference(before, after)
    steps = [*presence(change.appeared, 1), *absence(change.vanished, after, 2)]
    old, new = before.listed(), after.listed()
    if old and new and old[0].known_as != new[0].known_as:
        steps = [*first_entry(after), *steps]
    return steps


def visible(target: dict[str, Any]) -> Step:
    return ExpectVisible.step(target=target)


def _texts(change: PageChange, typed: tuple[str, ...]) -> Iterator[Step]:
    parts = {part: None for text in change.texts if len(part := steady(text, typed)) >= 8}
    for part in sorted(parts, key=lambda text: (len(text) > 90, text.count(" ") < 2)):
        yield visible(said(part))
