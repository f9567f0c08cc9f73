"""Buttons that do one thing, and where that leads: adding to a cart, what the cart shows then, changing it there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from runs.engine.events import Action, PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, Step
from runs.engine.generate.effects import absence, expected, visible, whereabouts
from runs.engine.generate.proposals import entering
from runs.engine.generate.proposals.following import may_press
from runs.engine.generate.proposals.form_kinds import kind
from runs.engine.generate.proposals.writing import document, outcome, page_name, quoted, say, seen_on
from runs.engine.page.look import Look, difference
from runs.engine.page.naming import pressed, shown
from runs.engine.page.safety import harmless, pressable
from runs.engine.steps.click import Click
from runs.engine.steps.expect_hidden import ExpectHidden
from runs.engine.steps.expect_value import ExpectValue

_PER_TEMPLATE = 3
_MOST = 16


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    tried: set[str] = set()
    for page in crawled.exemplars():
        mine = [*_forms(crawled, page), *_buttons(crawled, page)]
        for case in mine[:_PER_TEMPLATE]:
            if case.about["name"] not in tried and len(tried) < _MOST:
                tried.add(case.about["name"])
                yield case


def _forms(crawled: Crawled, page: PageSnapshot) -> Iterator[CaseSpec]:
    """Forms that need nothing typed: what stands in them is sent as it is."""
    for form in page.forms:
        send = entering.sending(form, page)
        if form.frame or kind(form) != "press" or send is None or not may_press(form, crawled):
            continue
        about = {"name": form.submit, "kind": "pressed"}
        yield crawled.case("action", f"{page.template} {form.submit}", page, (send,), writes=True, about=about)


def _buttons(crawled: Crawled, page: PageSnapshot) -> Iterator[CaseSpec]:
    """Buttons outside of forms; unless their name is harmless, nothing they send may change anything."""
    submits = {form.submit for form in page.forms}
    for action in page.actions:
        if not _is_free_button(action) or action.name in submits or not pressable(action.name, "", crawled.options):
            continue
        target = pressed(action, page)
        if target:
            writes = harmless(action.name) and not crawled.options.read_only
            about = {"name": action.name, "kind": "pressed"}
            step: Step = Click.step(target=target)
            key = f"{page.template} {action.name}"
            yield crawled.case("action", key, page, (step,), writes=writes, about=about)


def _is_free_button(action: Action) -> bool:
    return action.role in ("button", "tab", "switch") and not action.frame and 0 < len(action.name) <= 60


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    write = {"pressed": _pressed, "holds": _holds, "changed": _changed, "removed": _removed}
    for seen in observations:
        kind = seen.case.about["kind"]
        if seen.before and seen.after and not seen.failed_requests and kind in write:
            yield from write[kind](crawled, seen, seen.before, seen.after)


def _pressed(crawled: Crawled, seen: Observation, before: Look, after: Look) -> Iterator[Draft]:
    change, page, name = difference(before, after), crawled.page_of(seen.case), seen.case.about["name"]
    found = expected(change, after)
    if not found:
        return
    parts = {"name": quoted(name), "page": page_name(crawled, page), "outcome": outcome(crawled, found[0])}
    title, priority = say(crawled, "press", **parts), _priority(seen)
    body = document(seen.case, [*seen.case.steps, *whereabouts(change, after), *found], title, priority)
    yield Draft("action", title, body, seen.case, f"{seen_on(crawled, page)}; this is what pressing it showed", 0)


def _priority(seen: Observation) -> Literal["high", "medium"]:
    return "high" if seen.case.writes else "medium"


def _holds(crawled: Crawled, seen: Observation, before: Look, after: Look) -> Iterator[Draft]:
    thing, about = seen.case.about["thing"], seen.case.about
    target = next(
        (found for role in ("heading", "link") if after.names(role)[thing] and (found := shown(role, thing))),
        None,
    )
    # Then the link has led back to the page of the thing itself, which holds nothing.
    if target is None or thing == after.main_heading:
        return
    parts = {"name": quoted(about["name"]), "holder": quoted(about["link"]), "thing": quoted(thing)}
    title = say(crawled, "holds", **parts)
    steps = [*seen.case.steps, *whereabouts(difference(before, after), after), visible(target)]
    why = f"{seen_on(crawled, crawled.page_of(seen.case))}; this is where it was found afterwards"
    yield Draft("action", title, document(seen.case, steps, title, "high"), seen.case, why, 1)


def _changed(crawled: Crawled, seen: Observation, before: Look, after: Look) -> Iterator[Draft]:
    """The new value is still there after it was sent, and what else changed with it."""
    about = seen.case.about
    kept = [
        field for field in after.fields if field.label.rstrip("*: ") == about["label"] and field.value == about["value"]
    ]
    change = difference(before, after)
    value: Step = ExpectValue.step(target=about["field"], equals=about["value"])
    found = [*([value] if kept else []), *expected(change, after)]
    if not found:
        return
    title = say(crawled, "changed", field=quoted(about["label"]))
    body = document(seen.case, [*seen.case.steps, *found], title)
    yield Draft("action", title, body, seen.case, f"it was changed at {after.path} after “{about['name']}”", 2)


def _removed(crawled: Crawled, seen: Observation, before: Look, after: Look) -> Iterator[Draft]:
    """What was taken out is not there any more, and the page says so."""
    about, change = seen.case.about, difference(before, after)
    gone = {entry.name for entry in change.vanished} - {pressable.name for pressable in after.pressables}
    found = [*expected(change, after), *absence(change.vanished, after, 2)]
    if not found or not gone | {about["button"]}:
        return
    clicked = seen.case.steps[-1]["target"]
    steps = [*seen.case.steps, *found, ExpectHidden.step(target=clicked)]
    title = say(crawled, "removed", thing=quoted(about["thing"] or about["name"]), holder=quoted(about["link"]))
    body = document(seen.case, steps, title)
    yield Draft("action", title, body, seen.case, f"it had been put there by “{about['name']}” before", 3)
