"""Buttons that do one thing, and where that leads: adding to a cart, what the cart shows then, changing it there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urljoin

from runs.engine.events import Action, Form, FormField, PageSnapshot
from runs.engine.generate.cases import Case, Crawled, Draft, Observation, Step, address
from runs.engine.generate.effects import expected, visible, whereabouts
from runs.engine.generate.proposals import entering
from runs.engine.generate.proposals.kinds import kind
from runs.engine.generate.proposals.writing import document, outcome, page_name, quoted, seen_on
from runs.engine.page.look import Look, Pressable, difference, page_of
from runs.engine.page.naming import field_of, only, pressed, shown
from runs.engine.page.safety import Permit, harmless, permit, pressable
from runs.engine.page.vocabulary import whole, words

_PER_TEMPLATE = 3
_MOST = 16
_DEEPEST = 2
_HOLDER = whole(words("holder"))


def cases(crawled: Crawled) -> Iterable[Case]:
    tried: set[str] = set()
    for page in crawled.exemplars():
        mine = [*_forms(crawled, page), *_buttons(crawled, page)]
        for case in mine[:_PER_TEMPLATE]:
            if case.about["name"] not in tried and len(tried) < _MOST:
                tried.add(case.about["name"])
                yield case


def _forms(crawled: Crawled, page: PageSnapshot) -> Iterator[Case]:
    """Forms that need nothing typed: what stands in them is sent as it is."""
    for form in page.forms:
        send = entering.sending(form, page)
        if form.frame or kind(form) != "press" or send is None or not _may_press(form, crawled):
            continue
        about = {"name": form.submit, "depth": 0}
        yield Case(
            "action",
            f"{page.template} {form.submit}",
            page,
            address(page.url),
            (send,),
            crawled.needs_account(page),
            True,
            about=about,
        )


def _may_press(form: Form, crawled: Crawled) -> bool:
    allowed = permit(form, crawled.options)[0] is Permit.SUBMIT and not crawled.options.read_only
    filled = all(field.value or not field.required for field in form.fields)
    return allowed and filled and (harmless(form.submit) or crawled.options.allow_destructive)


def _buttons(crawled: Crawled, page: PageSnapshot) -> Iterator[Case]:
    """Buttons outside of forms; unless their name is harmless, nothing they send may change anything."""
    submits = {form.submit for form in page.forms}
    for action in page.actions:
        if not _is_free_button(action) or action.name in submits or not pressable(action.name, "", crawled.options):
            continue
        target = pressed(action, page)
        if target:
            writes = harmless(action.name) and not crawled.options.read_only
            about = {"name": action.name, "depth": 0}
            step: Step = {"do": "click", "target": target}
            yield Case(
                "action",
                f"{page.template} {action.name}",
                page,
                address(page.url),
                (step,),
                crawled.needs_account(page),
                writes,
                about=about,
            )


def _is_free_button(action: Action) -> bool:
    return action.role in ("button", "tab", "switch") and not action.frame and 0 < len(action.name) <= 60


def deeper(crawled: Crawled, seen: Observation) -> Iterable[Case]:
    """After something was put somewhere: go and look; there, change a quantity."""
    depth = seen.case.about["depth"]
    if seen.before is None or seen.after is None or not seen.case.writes or depth >= _DEEPEST:
        return ()
    if depth == 0:
        return _to_the_holder(crawled, seen, seen.before, seen.after)
    return _changes(crawled, seen, seen.after)


def _to_the_holder(crawled: Crawled, seen: Observation, before: Look, after: Look) -> list[Case]:
    counted = [one for one in difference(before, after).counted if one.role == "link"]
    named = [one for one in after.pressables if one.role == "link" and not one.main and _HOLDER.search(one.name)]
    for link in (*counted, *named):
        target = only("link", link.name, after)
        if target and pressable(link.name, link.href, crawled.options) and address(link.href) != after.path:
            about = {"name": seen.case.about["name"], "depth": 1, "thing": before.main_heading, "link": _plain(link)}
            return [_further(seen.case, {"do": "click", "target": target}, about)]
    return []


def _changes(crawled: Crawled, seen: Observation, after: Look) -> list[Case]:
    page = page_of(after, urljoin(seen.case.page.url, "/").rstrip("/"))
    for form in page.forms:
        send, field = entering.sending(form, page), next(iter(form.fields), None)
        other = _other_value(field) if field else ""
        if send is None or field is None or not other or len(form.fields) != 1 or not _may_press(form, crawled):
            continue
        target = field_of(field, form, page)
        if target and "css" not in target:
            about = {
                **seen.case.about,
                "depth": 2,
                "label": entering.label_of(field),
                "value": other,
                "field": target,
                "page": page,
            }
            first = _further(seen.case, entering.enter(field, target, other), about)
            return [_further(first, send, about)]
    return []


def _further(case: Case, step: Step, about: dict[str, Any]) -> Case:
    return Case(
        case.family,
        f"{case.key} > {about['depth']}",
        case.page,
        case.start,
        (*case.steps, step),
        case.signed_in,
        case.writes,
        about=about,
    )


def _other_value(field: FormField) -> str:
    if field.tag == "select":
        later = field.options[field.options.index(field.value) + 1 :] if field.value in field.options else field.options
        return next(iter(later[1:] or later), "")
    if field.type == "number" and field.value.isdecimal():
        return str(int(field.value) + 2) if not field.max or int(field.value) + 2 <= int(field.max) else ""
    return ""


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    write = {0: _pressed, 1: _holds, 2: _changed}
    for seen in observations:
        if seen.before and seen.after and not seen.failed_requests:
            yield from write[seen.case.about["depth"]](crawled, seen, seen.before, seen.after)


def _pressed(crawled: Crawled, seen: Observation, before: Look, after: Look) -> Iterator[Draft]:
    change = difference(before, after)
    found = expected(change, after)
    if not found:
        return
    title = f"Pressing “{quoted(seen.case.about['name'])}” on the {page_name(seen.case.page)} {outcome(found[0])}"
    body = document(
        seen.case,
        [*seen.case.steps, *whereabouts(change, after), *found],
        title,
        "high" if seen.case.writes else "medium",
    )
    yield Draft(
        "action", title, body, seen.case, f"{seen_on(crawled, seen.case.page)}; this is what pressing it showed", 0
    )


def _holds(crawled: Crawled, seen: Observation, before: Look, after: Look) -> Iterator[Draft]:
    thing, about = seen.case.about["thing"], seen.case.about
    target = next(
        (found for role in ("heading", "link") if after.names(role)[thing] and (found := shown(role, thing))),
        None,
    )
    if target is None or thing == after.main_heading:
        return
    change = difference(before, after)
    title = f"After “{quoted(about['name'])}”, “{quoted(about['link'])}” lists “{quoted(thing)}”"
    body = document(seen.case, [*seen.case.steps, *whereabouts(change, after), visible(target)], title, "high")
    yield Draft(
        "action",
        title,
        body,
        seen.case,
        f"{seen_on(crawled, seen.case.page)}; this is where it was found afterwards",
        1,
    )


def _changed(_crawled: Crawled, seen: Observation, before: Look, after: Look) -> Iterator[Draft]:
    """The new value is still there after it was sent, and what else changed with it."""
    about = seen.case.about
    kept = [
        field for field in after.fields if field.label.rstrip("*: ") == about["label"] and field.value == about["value"]
    ]
    change = difference(before, after)
    value: Step = {"do": "expect_value", "target": about["field"], "equals": about["value"]}
    found = [*([value] if kept else []), *expected(change, after)]
    if not found:
        return
    title = f"Changing “{quoted(about['label'])}” is kept"
    body = document(seen.case, [*seen.case.steps, *found], title)
    yield Draft("action", title, body, seen.case, f"it was changed at {after.path} after “{about['name']}”", 2)


def _plain(link: Pressable) -> str:
    match = _HOLDER.search(link.name)
    return match[0] if match else link.name
