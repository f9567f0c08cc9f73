"""Forms that go by a heading which says what data they show: "3 rows where book_id = 7" is one form for every book."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import combinations

from runs.insight.application.form import Json, SeenForm, named
from runs.insight.application.parts import KnownPart

_NUMBER_AT_END = re.compile(r"[-_ ]?\d+$")


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

    They are two where some page shows both, and where both were known before. Which headings a crawl with a budget
    meets is chance, so each of them would be a new form of a site that nobody changed.
    """
    known = sorted(known, key=lambda part: (part.first_seen, part.key))
    keys = {part.key for part in known}
    alike: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for key, shown in found.items():
        if shown[0].form.headed:
            alike[_without_heading(shown[0], absolute)].append(key)
    kept = dict(found)
    for group in alike.values():
        if any(_pages(found[first]) & _pages(found[second]) for first, second in combinations(group, 2)):
            continue
        strangers = [key for key in group if key not in keys]
        if not strangers:
            continue
        target = _known_as(found[strangers[0]][0], known, absolute) or strangers[0]
        rows = [row for key in strangers for row in kept.pop(key)]
        kept[target] = [*kept.get(target, ()), *rows]
    return kept


def _without_heading(shown: ShownForm, absolute: Set[str]) -> tuple[object, ...]:
    return shown.named("").key(absolute), shown.form.submit, _names(shown.form.fields)


def _known_as(shown: ShownForm, known: Sequence[KnownPart], absolute: Set[str]) -> str | None:
    """The key of the form that was known first and that this one would be under its heading."""
    for part in known:
        same = (part.facts["submit"], _names(part.facts["fields"])) == (shown.form.submit, _names(shown.form.fields))
        if same and shown.named(part.name).key(absolute) == part.key:
            return part.key
    return None


def _names(fields: Iterable[Json]) -> frozenset[str]:
    """Names without their numbers: a second row of the same fields makes no other form."""
    return frozenset(_NUMBER_AT_END.sub("", named(field)) for field in fields)


def _pages(shown: Iterable[ShownForm]) -> set[str]:
    return {row.page for row in shown}
