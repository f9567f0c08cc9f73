"""Forms that go by a heading which says what data they show: "3 rows where book_id = 7" is one form for every book."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from runs.insight.application.form import SeenForm, field_names
from runs.insight.application.parts import KnownPart


@dataclass(frozen=True, slots=True)
class ShownForm:
    """A form as one page showed it; `template` is the key of the page's kind."""

    template: str
    page: str
    form: SeenForm

    def key(self, absolute: Set[str]) -> str:
        """Its key; one that sends to its own page is that of other pages where `absolute` names it, else its kind's."""
        if not self.form.own:
            return self.form.identity
        if self.form.absolute in absolute:
            return self.form.absolute
        return f"{self.form.identity} @{self.template}"

    def named(self, name: str) -> ShownForm:
        return replace(self, form=replace(self.form, name=name))


def under_one_heading(
    found: Mapping[str, list[ShownForm]], known: Iterable[KnownPart], absolute: Set[str]
) -> dict[str, list[ShownForm]]:
    """Found forms by key, where those that only their headings tell apart are one.

    They stay two where some page shows both, and where both were known before. Which headings a crawl with a budget
    meets is chance, so each of them would be a new form of a site that nobody changed.
    """
    headed = {key for key, shown in found.items() if all(row.form.headed for row in shown)}
    known = sorted(known, key=lambda part: (part.first_seen, part.key))
    keys = {part.key for part in known}
    first: dict[tuple[Any, ...], str] = {}
    kept: dict[str, list[ShownForm]] = defaultdict(list)
    for key, shown in found.items():
        target = key
        if key in headed and key not in keys:
            alike = (shown[0].named("").key(absolute), *shown[0].form.without_name)
            choices = [part for part in known if part.key in headed or part.key not in found]
            target = first.setdefault(alike, _known_as(shown[0], choices, absolute) or key)
        kept[target] += shown
    return dict(kept)


def _known_as(shown: ShownForm, known: Iterable[KnownPart], absolute: Set[str]) -> str | None:
    """The key of the form that was known first and that this one would be under its heading."""
    for part in known:
        submit, names = part.facts["submit"], field_names(part.facts["fields"])
        same = (submit, names) == (shown.form.submit, field_names(shown.form.fields))
        if same and shown.named(part.name).key(absolute) == part.key:
            return part.key
    return None
