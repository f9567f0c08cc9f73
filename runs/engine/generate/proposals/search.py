"""Searching: a word that is really there finds what has it, a word that is nowhere finds nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from runs.engine.events import Form, PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, Step
from runs.engine.generate.effects import absence, at, message_step, presence, visible
from runs.engine.generate.proposals import entering
from runs.engine.generate.proposals.form_kinds import is_loose, kind, query_field
from runs.engine.generate.proposals.writing import document, quoted, say, seen_on
from runs.engine.page.look import Entry, Look, difference, missing_from
from runs.engine.page.naming import field_of, said
from runs.engine.page.safety import Permit, permit
from runs.engine.page.volatile import normalised, steady
from runs.engine.steps.fill import Fill

NOWHERE = "qzvxwkj"
_WORDS = 3
_WORD = re.compile(r"[^\W\d_]{4,}")
_FORMS = 3


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    for name, (page, form) in _forms(crawled).items():
        box = field_of(query_field(form), form, page)
        loose = is_loose(form)
        label = quoted(entering.label_of(query_field(form)))
        send = None if loose else entering.sending(form, page, box)
        if box is None:
            continue
        for word in [*_words(crawled), NOWHERE]:
            enter: Step = Fill.step(target=box, value=word)
            steps = (enter, send) if send else (enter,)
            about = {"word": word, "form": name, "filter": label if loose else ""}
            yield crawled.case("search", f"{name} {word}", page, steps, about=about)


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for name in dict.fromkeys(seen.case.about["form"] for seen in observations):
        looks = {
            seen.case.about["word"]: seen for seen in observations if seen.case.about["form"] == name and seen.after
        }
        nothing = looks.pop(NOWHERE, None)
        found = [seen for seen in looks.values() if _hits(seen)]
        for rank, seen in enumerate(found[:2]):
            draft = _finds(crawled, seen, [other for other in looks.values() if other is not seen], nothing)
            if draft:
                # Even ranks leave room for the search that finds nothing, which comes second.
                yield Draft(**{**draft, "rank": rank * 2})
        if nothing and found:
            yield from _finds_nothing(crawled, nothing, found[0])


def _finds(
    crawled: Crawled, seen: Observation, others: list[Observation], nothing: Observation | None
) -> dict[str, Any] | None:
    before, after = seen.before, seen.after
    if before is None or after is None:
        return None
    word = seen.case.about["word"]
    # What the search for nothing lists as well was not found but stands on every page of results.
    hits = missing_from(nothing.after, _hits(seen)) if nothing and nothing.after else _hits(seen)
    misses = [entry for other in others if other.after for entry in missing_from(after, other.after.listed())]
    there = missing_from(after, before.listed())
    steps = [*presence(hits, 2), *absence([*there, *misses], after, 2)]
    if not presence(hits, 1) or not (misses or there):
        return None
    page, label = crawled.page_of(seen.case), seen.case.about["filter"]
    title = say(crawled, "filter_finds" if label else "search_finds", label=label, word=word)
    why = f"the word is on the site, and the search of {page.path} found it; {seen_on(crawled, page)}"
    body = document(seen.case, [*seen.case.steps, at(after), *steps], title, "high")
    return {"family": "search", "title": title, "document": body, "case": seen.case, "why": why}


def _finds_nothing(crawled: Crawled, seen: Observation, found: Observation) -> Iterator[Draft]:
    before, after = seen.before, seen.after
    if before is None or after is None or found.after is None:
        return
    steps = [*_apology(before, after, found.after), *absence(_hits(found), after, 2)]
    if after.listed() == found.after.listed() or not steps:
        return
    label = seen.case.about["filter"]
    title = say(crawled, "filter_nothing" if label else "search_nothing", label=label)
    body = document(seen.case, [*seen.case.steps, at(after), *steps], title)
    why = f"this is what the search of {crawled.page_of(seen.case).path} answered to “{NOWHERE}”"
    yield Draft("search", title, body, seen.case, why, 1, "negative")


def _apology(before: Look, after: Look, found: Look) -> list[Step]:
    """What the page says only when there are no results."""
    known = {normalised(text) for text in (*before.texts, *found.texts)}
    change = difference(found, after)
    steps = [step for message in change.messages[:1] if (step := message_step(message))]
    texts = [part for text in after.texts if normalised(text) not in known and len(part := steady(text)) >= 8]
    plain = [text for text in texts if NOWHERE not in text] or texts
    return steps or [visible(said(text)) for text in plain[:1]]


def _hits(seen: Observation) -> list[Entry]:
    word = seen.case.about["word"].lower()
    return [entry for entry in seen.after.listed() if word in entry.name.lower()] if seen.after else []


def _may_be_sent(form: Form, page: PageSnapshot, crawled: Crawled) -> bool:
    return permit(form, crawled.options, on=page.url)[0] is Permit.SUBMIT


def _forms(crawled: Crawled) -> dict[str, tuple[PageSnapshot, Form]]:
    """Each search once, from the plainest page that has it."""
    found: dict[str, tuple[PageSnapshot, Form]] = {}
    for page in crawled.exemplars():
        for form in page.forms:
            if kind(form) == "search" and not form.frame and _may_be_sent(form, page, crawled):
                key = f"{form.action or page.path}?{query_field(form).name}"
                found.setdefault(key.split("#", maxsplit=1)[0], (page, form))
    return dict(list(found.items())[:_FORMS])


def _words(crawled: Crawled) -> list[str]:
    """Words of the content, outside of the frame of the pages: such as some pages have, rather than all or one."""
    frame = {
        word
        for page in crawled.pages
        for action in page.actions
        if action.landmark.split(" ")[0] in ("navigation", "banner", "contentinfo")
        for word in _split(action.name)
    }
    names = {
        action.name
        for page in crawled.pages
        for action in page.actions
        if action.role == "link" and action.landmark.split(" ")[0] in ("main", "", "region")
    }
    headings = {heading.text for page in crawled.pages for heading in page.headings}
    counts = Counter(word for name in names | headings for word in set(_split(name)))
    both = {word for heading in headings for word in _split(heading)}
    usable = [word for word in counts if word not in frame]
    ordered = sorted(usable, key=lambda word: (word not in both, not 2 <= counts[word] <= 6, -counts[word], word))
    return ordered[:_WORDS]


def _split(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]
