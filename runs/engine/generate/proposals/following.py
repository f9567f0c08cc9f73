"""Where a press led on: the place that holds what was put there, changing it, taking it out, ordering it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urljoin

from runs.engine.events import Form, FormField, PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Observation, Step, address
from runs.engine.generate.proposals import entering
from runs.engine.generate.proposals.form import ways
from runs.engine.lexicon import Topic, named
from runs.engine.page.look import Look, Pressable, difference, page_of
from runs.engine.page.naming import field_of, only
from runs.engine.page.safety import Permit, denied, harmless, may_be_refused, orders, permit, pressable, removes
from runs.engine.steps.click import Click
from runs.engine.steps.entering import enter


def may_press(form: Form, crawled: Crawled) -> bool:
    allowed = permit(form, crawled.options)[0] is Permit.SUBMIT and not crawled.options.read_only
    filled = all(field.value or not field.required for field in form.fields)
    return allowed and filled and (harmless(form.submit) or crawled.options.allow_destructive)


def deeper(crawled: Crawled, seen: Observation) -> Iterable[CaseSpec]:
    """After something was put somewhere: go and look; there, change how many, take it out, or go on with the order."""
    if seen.before is None or seen.after is None or not seen.case.writes:
        return
    kind = seen.case.about["kind"]
    if kind == "pressed":
        yield from _to_the_holder(crawled, seen, seen.before, seen.after)
    elif kind == "holds":
        yield from _changes(crawled, seen, seen.after)
        yield from _removals(crawled, seen, seen.after)
        yield from _onward(crawled, seen, seen.after)
    elif kind == "onward":
        yield from _incomplete(crawled, seen, seen.after)


def _to_the_holder(crawled: Crawled, seen: Observation, before: Look, after: Look) -> Iterator[CaseSpec]:
    counted = [link for link in difference(before, after).counted if link.role == "link"]
    aside = [link for link in after.pressables if link.role == "link" and not link.main]
    holders = [link for link in aside if named(link.name, Topic.HOLDER)]
    for link in (*counted, *holders):
        target = only("link", link.name, after)
        if target and pressable(link.name, link.href, crawled.options) and address(link.href) != after.path:
            more = {"thing": before.main_heading, "link": _plain(link)}
            yield _further(seen.case, "holds", Click.step(target=target), more)
            return


def _changes(crawled: Crawled, seen: Observation, after: Look) -> Iterator[CaseSpec]:
    page = _met(crawled, seen, after)
    for form in page.forms:
        send, field = entering.sending(form, page), next(iter(form.fields), None)
        other = _other_value(field) if field else ""
        if send is None or field is None or not other or len(form.fields) != 1 or not may_press(form, crawled):
            continue
        target = field_of(field, form, page)
        if target and "css" not in target:
            more = {"label": entering.label_of(field), "value": other, "field": target}
            [entry] = enter(field, target, other)
            first = _further(seen.case, "changed", entry, more)
            yield _further(first, "changed", send, more)
            return


def _removals(crawled: Crawled, seen: Observation, after: Look) -> Iterator[CaseSpec]:
    """What was put there is taken out again, where it is the only thing that can be: it is ours."""
    options = crawled.options
    buttons = [
        button for button in after.pressables if button.role == "button" and button.main and removes(button.name)
    ]
    if len(buttons) != 1 or not options.clean_up or options.read_only or denied(buttons[0].name, options):
        return
    target = only("button", buttons[0].name, after)
    if target and _stands(seen.case.about["thing"], after):
        yield _further(seen.case, "removed", Click.step(target=target), {"button": buttons[0].name})


def _onward(crawled: Crawled, seen: Observation, after: Look) -> Iterator[CaseSpec]:
    """A link to the next step of an order is followed, for opening a page orders nothing."""
    for link in after.pressables:
        ours = link.href.startswith(f"{_origin(crawled, seen)}/")
        if link.role == "link" and link.main and ours and orders(link.name) and not denied(link.name, crawled.options):
            target = only("link", link.name, after)
            if target:
                yield _further(seen.case, "onward", Click.step(target=target), {"button": link.name})
                return


def _incomplete(crawled: Crawled, seen: Observation, after: Look) -> Iterator[CaseSpec]:
    """The forms there are sent with a required field left empty, which is as far as an order is taken."""
    page = _met(crawled, seen, after)
    for form in page.forms:
        if may_be_refused(form, crawled.options):
            yield from ways(crawled, page, form, Permit.GUARDED, seen.case)


def _met(crawled: Crawled, seen: Observation, look: Look) -> PageSnapshot:
    return page_of(look, _origin(crawled, seen))


def _origin(crawled: Crawled, seen: Observation) -> str:
    return urljoin(crawled.page_of(seen.case).url, "/").rstrip("/")


def _stands(name: str, look: Look) -> bool:
    return bool(name) and any(name in text for text in (*look.texts, *(control.name for control in look.pressables)))


def _further(case: CaseSpec, kind: str, step: Step, more: dict[str, Any]) -> CaseSpec:
    about = {**case.about, **more, "kind": kind}
    return case.model_copy(update={"key": f"{case.key} > {kind}", "steps": (*case.steps, step), "about": about})


def _other_value(field: FormField) -> str:
    if field.tag == "select":
        later = field.options[field.options.index(field.value) + 1 :] if field.value in field.options else field.options
        return next(iter(later[1:] or later), "")
    if field.type == "number" and field.value.isdecimal():
        return str(int(field.value) + 2) if not field.max or int(field.value) + 2 <= int(field.max) else ""
    return ""


def _plain(link: Pressable) -> str:
    return named(link.name, Topic.HOLDER) or link.name
