"""Forms: what is missing is asked for, what is wrong is refused, what is right is accepted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from runs.engine.events import Form, FormField, PageSnapshot
from runs.engine.generate.cases import Case, Crawled, Draft, Observation, Step, address
from runs.engine.generate.effects import complaint, expected, message_step, visible, whereabouts
from runs.engine.generate.proposals import entering
from runs.engine.generate.proposals.entering import Entered, label_of
from runs.engine.generate.proposals.kinds import kind
from runs.engine.generate.proposals.writing import document, form_name, outcome, quoted, seen_on
from runs.engine.page.filling import wrong
from runs.engine.page.look import Change, LiveField, difference
from runs.engine.page.naming import said
from runs.engine.page.safety import Permit, asks, permit
from runs.engine.page.volatile import steady

_MOST = 25
_MISSING = 3
_WRONG = 2


def forms(crawled: Crawled) -> list[tuple[PageSnapshot, Form]]:
    """Each form once, with the page to try it on: a form of every page's header is one form."""
    found: dict[tuple[object, ...], tuple[PageSnapshot, Form]] = {}
    for page in crawled.exemplars():
        for form in page.forms:
            if not form.frame and kind(form) == "entry":
                found.setdefault(identity(form, page), (page, form))
    return list(found.values())[:_MOST]


def identity(form: Form, page: PageSnapshot) -> tuple[object, ...]:
    fields = tuple((field.tag, field.type, field.name or field.label) for field in form.fields)
    own = address(form.action).split("?")[0] if form.action else ""
    same_as_page = own == page.path
    return (page.template if same_as_page else own, form.method, fields, form.submit)


def cases(crawled: Crawled) -> Iterable[Case]:
    for page, form in forms(crawled):
        level, _ = permit(form, crawled.options)
        entered = entering.entries(form, page, crawled.random(form.css))
        if level is Permit.NOTHING or entered is None:
            continue
        send = entering.sending(form, page, entered[0].target if entered else None)
        if send is None:
            continue
        for what, field, steps in _tries(form, entered, level):
            about = {"kind": what, "field": field, "form": form, "name": form_name(form, page)}
            key = f"{identity(form, page)} {what} {field.css if field else ''}"
            writes = level is Permit.SUBMIT and not asks(form)
            yield Case(
                "form", key, page, address(page.url), (*steps, send), crawled.needs_account(page), writes, about=about
            )


def _tries(form: Form, entered: list[Entered], level: Permit) -> Iterator[tuple[str, FormField | None, list[Step]]]:
    if level is Permit.SUBMIT:
        yield "right", None, entering.steps(entered)
    required = [
        one for one in entered if one.field.required and one.field.tag != "select" and one.field.type != "radio"
    ]
    for one in required[:_MISSING]:
        others = entering.steps(other for other in entered if other is not one)
        yield "missing", one.field, [*others, *_emptied(one)]
    if not required and level is Permit.SUBMIT and form.method != "get":
        yield "missing", None, [step for one in entered for step in _emptied(one)]
    if level is Permit.SUBMIT:
        for one, bad in [(one, bad) for one in entered if (bad := wrong(one.field))][:_WRONG]:
            yield (
                "wrong",
                one.field,
                [
                    *entering.steps(other for other in entered if other is not one),
                    entering.enter(one.field, one.target, bad.value),
                ],
            )


def _emptied(one: Entered) -> list[Step]:
    filled = bool(one.field.value) and one.field.type not in ("checkbox", "radio")
    return [{"do": "fill", "target": one.target, "value": ""}] if filled else []


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for seen in observations:
        if seen.before is None or seen.after is None:
            continue
        change = difference(seen.before, seen.after)
        write = _accepted if seen.case.about["kind"] == "right" else _refused
        yield from write(crawled, seen, change)


def _accepted(crawled: Crawled, seen: Observation, change: Change) -> Iterator[Draft]:
    after, name = seen.after, seen.case.about["name"]
    if after is None or change.invalid or seen.failed_requests:
        return
    found = expected(change, after, typed(seen))
    if not found:
        return
    title = f"Sending the {name} with everything filled in {outcome(found[0])}"
    body = document(seen.case, [*seen.case.steps, *whereabouts(change, after), *found], title, "high")
    yield Draft(
        "form", title, body, seen.case, f"{seen_on(crawled, seen.case.page)}; this is what sending it showed", 0
    )


def _refused(crawled: Crawled, seen: Observation, change: Change) -> Iterator[Draft]:
    after, before, about = seen.after, seen.before, seen.case.about
    if after is None or before is None:
        return
    field: FormField | None = about["field"]
    marked = [one for one in change.invalid if field is None or _same(one, field)]
    found = [step for one in marked[:2] for step in complaint(one, after, typed(seen))]
    found += [
        step
        for message in change.messages[:1]
        if message.role == "alert" and (step := message_step(message, typed(seen)))
    ]
    if not found and after.path in (before.path, address(about["form"].action).split("?")[0]) and _still_there(seen):
        found = [visible(said(part)) for text in change.texts if len(part := steady(text, typed(seen))) >= 8][:1]
    if not found:
        return
    title = _refusal(about, field)
    path: Step = {"do": "expect_url", "path": after.path}
    body = document(seen.case, [*seen.case.steps, *found, path], title)
    rank = 1 if about["kind"] == "missing" else 2
    yield Draft(
        "form",
        title,
        body,
        seen.case,
        f"{seen_on(crawled, seen.case.page)}; this is how it answered when it was tried",
        rank,
    )


def _refusal(about: Any, field: FormField | None) -> str:
    if field is None:
        return f"The {about['name']} cannot be sent empty"
    label = quoted(label_of(field))
    if about["kind"] == "missing":
        return f"The {about['name']} asks for “{label}”"
    return f"The {about['name']} refuses a wrong value in “{label}”"


def typed(seen: Observation) -> tuple[str, ...]:
    """What stood in the fields when the form was sent."""
    return tuple(field.value for field in seen.before.fields if len(field.value) > 1) if seen.before else ()


def _still_there(seen: Observation) -> bool:
    wanted = {(field.name, field.label) for field in seen.case.about["form"].fields}
    return bool(wanted & {(field.name, field.label) for field in seen.after.fields}) if seen.after else False


def _same(live: LiveField, field: FormField) -> bool:
    if field.id and live.id:
        return live.id == field.id
    return (live.name, live.label) == (field.name, field.label)
