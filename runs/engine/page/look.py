"""What a page shows at one moment, as a person would tell it, and what an action changed about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pydantic import field_validator

from runs.engine.events import Action, Form, FormField, Heading, PageSnapshot, Seen
from runs.engine.page.volatile import leading, normalised
from runs.engine.traffic import blanked

SCRIPT = Path(__file__).with_name("look.js").read_text(encoding="utf-8")


class Message(Seen):
    """A live region: alert, status or polite announcement. `text` is empty while it has nothing to say."""

    role: str = ""
    text: str = ""
    main: bool = False


class Entry(Seen):
    """One of a list's entries by what names it; role is that of the naming element, "" for plain text.

    `position` counts among all visible elements of the entry's own role in the main part.
    """

    role: str = ""
    name: str = ""
    position: int = 0

    @property
    def known_as(self) -> tuple[str, str]:
        return self.role, self.name


class Pressable(Seen):
    role: str = ""
    name: str
    landmark: str = ""
    href: str = ""
    main: bool = False
    in_form: bool = False
    expanded: str = ""
    pressed: str = ""
    selected: str = ""


class LiveField(FormField):
    """A field and how the page judges it. `submitted_invalid` is the browser's own verdict after a submission."""

    submitted_invalid: bool = False
    aria_invalid: bool = False
    explained: str = ""
    checked: bool = False


class Look(Seen):
    """One look at a page. `entries` are those of the main part, by role of their container.

    What may be a secret in `query` is blanked, for looks are stored.
    """

    path: str
    query: str = ""
    title: str = ""
    headings: tuple[Heading, ...] = ()
    messages: tuple[Message, ...] = ()
    texts: tuple[str, ...] = ()
    entries: dict[str, tuple[Entry, ...]] = {}
    pressables: tuple[Pressable, ...] = ()
    fields: tuple[LiveField, ...] = ()
    forms: tuple[Form, ...] = ()
    has_main: bool = False
    dialogs: tuple[str, ...] = ()
    tables: int = 0

    @field_validator("query")
    @classmethod
    def _without_secrets(cls, query: str) -> str:
        return blanked(f"?{query}").removeprefix("?")

    @property
    def main_heading(self) -> str:
        """The first top heading, else the first heading, else ""."""
        top = [heading.text for heading in self.headings if heading.level == 1]
        return (top or [heading.text for heading in self.headings] or [""])[0]

    @property
    def list_role(self) -> str:
        """The role of the main part's most telling list: one with at least two entries that are named; "" for none."""
        named = {role: len({entry.name for entry in found if entry.name}) for role, found in self.entries.items()}
        return next((role for role in ("article", "row", "listitem") if named.get(role, 0) >= 2), "")

    def listed(self) -> tuple[Entry, ...]:
        """Entries of the main list; without one, the links of the main part."""
        role = self.list_role
        if role:
            return self.entries[role]
        return tuple(
            Entry(role=pressable.role, name=pressable.name)
            for pressable in self.pressables
            if pressable.main and pressable.role == "link"
        )

    def names(self, role: str) -> Counter[str]:
        """How often each name occurs among the visible elements of a role."""
        if role == "heading":
            return Counter(heading.text for heading in self.headings)
        return Counter(pressable.name for pressable in self.pressables if pressable.role == role)


def page_of(look: Look, origin: str) -> PageSnapshot:
    """A page that was only met while trying things, as if it had been crawled."""
    pressed = [pressable for pressable in look.pressables if pressable.role]
    return PageSnapshot(
        url=f"{origin}{look.path}" + (f"?{look.query}" if look.query else ""),
        path=look.path,
        title=look.title,
        # Nobody has read its structure, so its path stands for its kind.
        template=look.path,
        headings=look.headings,
        forms=look.forms,
        actions=tuple(
            Action(role=pressable.role, name=pressable.name, href=pressable.href, landmark=pressable.landmark)
            for pressable in pressed
        ),
    )


class PageChange(Seen):
    """What is there after an action and was not before, volatile parts of texts aside; and the other way round.

    `main_heading` is "" when it is the same as before.
    """

    moved: bool
    query_changed: bool
    main_heading: str
    headings: tuple[str, ...]
    messages: tuple[Message, ...]
    texts: tuple[str, ...]
    appeared: tuple[Entry, ...]
    vanished: tuple[Entry, ...]
    counted: tuple[Pressable, ...]
    invalid: tuple[LiveField, ...]


def difference(before: Look, after: Look) -> PageChange:
    """What an action did, as far as one can see it."""
    old_texts = {normalised(text) for text in before.texts}
    old_messages = {normalised(message.text) for message in before.messages}
    old_headings = {normalised(heading.text) for heading in before.headings}
    old_marks = {field.css for field in before.fields if field.submitted_invalid or field.aria_invalid}
    return PageChange(
        moved=before.path != after.path,
        query_changed=before.query != after.query,
        main_heading=after.main_heading if after.main_heading != before.main_heading else "",
        headings=tuple(heading.text for heading in after.headings if normalised(heading.text) not in old_headings),
        messages=tuple(
            message for message in after.messages if message.text and normalised(message.text) not in old_messages
        ),
        texts=tuple(text for text in after.texts if normalised(text) not in old_texts),
        appeared=missing_from(before, after.listed()),
        vanished=missing_from(after, before.listed()),
        counted=_counted(before, after),
        invalid=tuple(
            field
            for field in after.fields
            if (field.submitted_invalid or field.aria_invalid) and field.css not in old_marks
        ),
    )


def missing_from(look: Look, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Those entries that a look does not list."""
    listed = {entry.known_as for entry in look.listed()}
    return tuple(entry for entry in entries if entry.name and entry.known_as not in listed)


def _counted(before: Look, after: Look) -> tuple[Pressable, ...]:
    """Links and buttons outside the main part that say a number, and said another before: "Cart 1 item"."""
    old = {
        (pressable.role, leading(pressable.name)): pressable.name
        for pressable in before.pressables
        if not pressable.main
    }
    return tuple(
        pressable
        for pressable in after.pressables
        if not pressable.main and any(char.isdigit() for char in pressable.name)
        # What was not there before has not counted anything: it is compared with itself.
        if old.get((pressable.role, leading(pressable.name)), pressable.name) != pressable.name
    )
