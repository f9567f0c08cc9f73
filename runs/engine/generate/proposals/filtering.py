"""Filtering and sorting: a choice changes which entries a list shows, or their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qs, urljoin, urlsplit

from runs.engine.events import Action, FormField, PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, Step
from runs.engine.generate.effects import at, relisted
from runs.engine.generate.proposals import entering
from runs.engine.generate.proposals.form_kinds import kind
from runs.engine.generate.proposals.pagination import is_paging
from runs.engine.generate.proposals.writing import document, page_name, quoted, say, seen_on
from runs.engine.page.naming import field_of, pressed
from runs.engine.page.safety import Permit, permit, pressable
from runs.engine.steps.click import Click
from runs.engine.steps.entering import enter

_PER_KEY = 2
_CHOICES = 2
_MOST = 12


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    made = 0
    for page in crawled.exemplars():
        for case in (*_links(crawled, page), *_forms(crawled, page)):
            if made < _MOST:
                made += 1
                yield case


def _links(crawled: Crawled, page: PageSnapshot) -> Iterator[CaseSpec]:
    """Links to the same address with another query, some for each parameter."""
    tried: dict[str, int] = {}
    for action in page.actions:
        key = _parameter(action, page)
        if not key or tried.get(key, 0) >= _PER_KEY or not pressable(action.name, action.href, crawled.options):
            continue
        link = pressed(action, page)
        if link:
            tried[key] = tried.get(key, 0) + 1
            about = {"choice": action.name, "key": key}
            step: Step = Click.step(target=link)
            yield crawled.case("filter", f"{page.template} {key} {action.name}", page, (step,), about=about)


def _parameter(action: Action, page: PageSnapshot) -> str:
    goal, here = urlsplit(urljoin(page.url, action.href)), urlsplit(page.url)
    if action.role != "link" or action.frame or not action.href or not action.name or is_paging(action):
        return ""
    # A link to the bare address takes filters away, and sets none.
    if goal[:3] != here[:3] or goal.query == here.query or not goal.query:
        return ""
    old, new = parse_qs(here.query), parse_qs(goal.query)
    return next((key for key, value in new.items() if old.get(key) != value), "")


def _forms(crawled: Crawled, page: PageSnapshot) -> Iterator[CaseSpec]:
    """Forms that only choose: each of their choices with other options than now; all other fields stay as they are."""
    for form in page.forms:
        if form.frame or kind(form) != "choice" or permit(form, crawled.options)[0] is not Permit.SUBMIT:
            continue
        for field, option in _options(form.fields):
            target = field_of(field, form, page)
            if target is None:
                continue
            send = entering.sending(form, page)
            choose = enter(field, target, option)
            steps = (*choose, send) if send else choose
            about = {"choice": option, "key": entering.label_of(field)}
            yield crawled.case("filter", f"{page.template} {field.name} {option}", page, steps, about=about)


def _options(fields: tuple[FormField, ...]) -> Iterator[tuple[FormField, str]]:
    for field in fields:
        if field.tag == "select":
            others = [option for option in field.options if option and option != field.value]
            for option in others[:_CHOICES]:
                yield field, option


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for rank, seen in enumerate(observations):
        if seen.before is None or seen.after is None or seen.held_back:
            continue
        found = relisted(seen.before, seen.after)
        if not found:
            continue
        page = crawled.page_of(seen.case)
        title = say(crawled, "choice", choice=quoted(seen.case.about["choice"]), page=page_name(crawled, page))
        body = document(seen.case, [*seen.case.steps, at(seen.after), *found], title)
        yield Draft("filter", title, body, seen.case, seen_on(crawled, page), rank)
