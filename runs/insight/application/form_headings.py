"""Forms that go by a heading which says what data they show: "3 rows where book_id = 7" is one form for every book."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from runs.insight.application.form import OWN, SeenForm, field_names
from runs.insight.application.parts import KnownPart


@dataclass(frozen=True, slots=True)
class ShownForm:
    """A form as one page showed it; `template` is the key of the page's kind."""

    template: str
    page: str
    form: SeenForm

    def named(self, name: str) -> ShownForm:
        return replace(self, form=replace(self.form, name=name))


@dataclass(frozen=True, slots=True)
class FormKeys:
    """What forms are called among all. One that sends to its own page goes by the kind of that page, unless other pages
    send to there as well. Which of both a crawl with a budget meets first is chance: how it was known stays.

    `known` are the keys of forms that were known, `sent_to` the identities of forms on other pages of this crawl, `own`
    the keys of known forms that send to their own page, by the identity that they have on other pages.
    """

    known: Set[str]
    sent_to: Set[str]
    own: Mapping[str, str]

    @classmethod
    def made(cls, known: Iterable[KnownPart], forms: Iterable[SeenForm]) -> FormKeys:
        known = list(known)
        own: dict[str, str] = {}
        for part in known:
            method, path = part.facts["method"], part.facts["action"]
            if part.key.startswith(f"{method} {OWN}"):
                own.setdefault(f"{method} {path} {part.name}", part.key)
        return cls({part.key for part in known}, {form.identity for form in forms if not form.own}, own)

    def key(self, shown: ShownForm) -> str:
        form = shown.form
        if not form.own:
            return form.identity if form.identity in self.known else self.own.get(form.identity, form.identity)
        on_its_kind = f"{form.identity} @{shown.template}"
        if form.absolute in self.known or on_its_kind in self.known:
            return form.absolute if form.absolute in self.known else on_its_kind
        return form.absolute if form.absolute in self.sent_to and form.absolute not in self.own else on_its_kind


def under_one_heading(
    found: Mapping[str, list[ShownForm]], known: Iterable[KnownPart], keys: FormKeys
) -> dict[str, list[ShownForm]]:
    """Found forms by key; `known` are those that live. Those that only their headings tell apart are one.

    They stay two where some page shows both, and where both were known before. Which headings a crawl with a budget
    meets is chance, so each of them would be a new form of a site that nobody changed.
    """
    headed = {key for key, shown in found.items() if all(row.form.headed for row in shown)}
    known = sorted(known, key=lambda part: (part.first_seen, part.key))
    living = {part.key for part in known}
    first: dict[tuple[Any, ...], str] = {}
    kept: dict[str, list[ShownForm]] = defaultdict(list)
    for key, shown in found.items():
        target = key
        if key in headed and key not in living:
            alike = (keys.key(shown[0].named("")), *shown[0].form.without_name)
            if alike not in first:
                # A known form that this crawl shows under a name of its own is none that goes by a heading.
                choices = [part for part in known if part.key in headed or part.key not in found]
                first[alike] = _known_as(shown, choices, keys) or key
            target = first[alike]
        kept[target] += shown
    return dict(kept)


def _known_as(shown: Sequence[ShownForm], known: Iterable[KnownPart], keys: FormKeys) -> str | None:
    """The key of the form that was known first and that this one would be under its heading."""
    seen = {(row.form.submit, field_names(row.form.fields)) for row in shown}
    for part in known:
        same = (part.facts["submit"], field_names(part.facts["fields"])) in seen
        if same and keys.key(shown[0].named(part.name)) == part.key:
            return part.key
    return None
