"""Forms: what is missing is asked for, what is wrong is refused, what is right is accepted, up to the edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from runs.engine.events import Form, FormField, PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, Step, Tone, address
from runs.engine.generate.effects import complaint, expected, message_step, visible, whereabouts
from runs.engine.generate.preferences import wants
from runs.engine.generate.proposals import entering
from runs.engine.generate.proposals.entering import Entered, label_of
from runs.engine.generate.proposals.form_kinds import kind
from runs.engine.generate.proposals.writing import document, form_name, outcome, quoted, say, seen_on
from runs.engine.page.boundaries import edges
from runs.engine.page.filling import wrong
from runs.engine.page.look import LiveField, PageChange, difference
from runs.engine.page.naming import said
from runs.engine.page.safety import Permit, asks, permit
from runs.engine.page.volatile import steady
from runs.engine.steps.entering import enter
from runs.engine.steps.expect_url import ExpectUrl
from runs.engine.steps.fill import Fill

_MOST = 25
_MISSING = 8
_WRONG = 3
_EDGES = 6
_RANKS = {"right": 0, "missing": 1, "wrong": 2, "refuses": 3, "accepts": 4, "copes": 5}
_TONES: dict[str, Tone] = {
    "right": "positive",
    "missing": "negative",
    "wrong": "negative",
    "refuses": "edge",
    "accepts": "edge",
    "copes": "edge",
}
_NAMING = {"id", "name", "label", "caption", "placeholder"}
_LEADS = {True: "accepts", False: "refuses", None: "copes"}


class FormFilling(NamedTuple):
    """One way of filling a form: of which kind, about which field, how, and the steps before it is sent."""

    kind: str
    field: FormField | None
    steps: list[Step]
    how: str = ""


def forms(crawled: Crawled) -> list[tuple[PageSnapshot, Form]]:
    """Each form once, with the page to try it on: a form of every page's header is one form."""
    found: dict[tuple[object, ...], tuple[PageSnapshot, Form]] = {}
    for page in (*crawled.exemplars(), *crawled.states()):
        for form in page.forms:
            if not form.frame and kind(form) == "entry":
                found.setdefault(identity(form, page), (page, form))
    return list(found.values())[:_MOST]


def identity(form: Form, page: PageSnapshot) -> tuple[object, ...]:
    fields = tuple((field.tag, field.type, field.name or field.label) for field in form.fields)
    own = address(form.action).split("?")[0] if form.action else ""
    # A form that sends to its own page is the same form on all pages of the kind, although their addresses differ.
    same_as_page = own == page.path
    return (page.template if same_as_page else own, form.method, fields, form.submit)


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    for page, form in forms(crawled):
        yield from ways(crawled, page, form, permit(form, crawled.options, on=page.url)[0])


def ways(
    crawled: Crawled, page: PageSnapshot, form: Form, level: Permit, trail: CaseSpec | None = None
) -> Iterator[CaseSpec]:
    """The cases of one form. Where a trail leads to it, only what it must refuse is tried, at the trail's end."""
    entered = entering.entries(form, page, crawled.random(form.css))
    if level is Permit.NOTHING or entered is None:
        return
    send = entering.sending(form, page, entered[0].target if entered else None)
    if send is None:
        return
    for filling in _tries(form, entered, level):
        if not wants(crawled.options.dials, _TONES[filling.kind]):
            continue
        about = {
            "kind": filling.kind,
            "how": filling.how,
            "field": filling.field.model_dump(include=_NAMING) if filling.field else None,
            "name": form_name(crawled, form, page),
            "path": address(form.action).split("?")[0],
            "fields": [[field.name, field.label] for field in form.fields],
        }
        key = f"{identity(form, page)} {filling.kind} {filling.how} {filling.field.css if filling.field else ''}"
        if trail is None:
            # A form that asks needs no leave to write; what else its page sends is held back then.
            writes = level is Permit.SUBMIT and not asks(form)
            yield crawled.case("form", key, page, (*filling.steps, send), writes=writes, about=about)
        elif filling.kind == "missing":
            steps = (*trail.steps, *filling.steps, send)
            yield trail.model_copy(update={"family": "form", "key": key, "steps": steps, "about": about})


def _tries(form: Form, entered: list[Entered], level: Permit) -> Iterator[FormFilling]:
    if level is Permit.SUBMIT:
        yield FormFilling("right", None, entering.steps(entered))
    yield from _missing(form, entered, level)
    if level is Permit.SUBMIT:
        wrongs = [(entry, bad.value) for entry in entered if (bad := wrong(entry.field))]
        for entry, value in wrongs[:_WRONG]:
            yield FormFilling("wrong", entry.field, _instead(entered, entry, value))
        found = [(entry, edge) for entry in entered for edge in edges(entry.field)]
        # Edges whose answer is known before say more than those that an application may treat as it likes.
        for entry, edge in sorted(found, key=lambda pair: pair[1].takes is None)[:_EDGES]:
            yield FormFilling(_LEADS[edge.takes], entry.field, _instead(entered, entry, edge.value), edge.how)


def _missing(form: Form, entered: list[Entered], level: Permit) -> Iterator[FormFilling]:
    required = [
        entry
        for entry in entered
        # A person cannot take back a choice from a list or from a group of radio buttons.
        if entry.field.required and entry.field.tag != "select" and entry.field.type not in ("radio", "choice")
    ]
    for entry in required[:_MISSING]:
        others = entering.steps(other for other in entered if other is not entry)
        yield FormFilling("missing", entry.field, [*others, *_emptied(entry)])
    if not required and level is Permit.SUBMIT and form.method != "get":
        yield FormFilling("missing", None, [step for entry in entered for step in _emptied(entry)])


def _instead(entered: list[Entered], entry: Entered, value: str) -> list[Step]:
    others = entering.steps(other for other in entered if other is not entry)
    return [*others, *enter(entry.field, entry.target, value)]


def _emptied(entry: Entered) -> list[Step]:
    filled = bool(entry.field.value) and entry.field.type not in ("checkbox", "radio", "choice")
    return [Fill.step(target=entry.target, value="")] if filled else []


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for seen in observations:
        if seen.before is None or seen.after is None or seen.held_back:
            continue
        change = difference(seen.before, seen.after)
        refused, kind = bool(change.invalid), seen.case.about["kind"]
        if kind in ("right", "accepts") or (kind == "copes" and not refused):
            yield from _accepted(crawled, seen, change)
        else:
            yield from _refused(crawled, seen, change)


def _accepted(crawled: Crawled, seen: Observation, change: PageChange) -> Iterator[Draft]:
    after = seen.after
    if after is None or change.invalid or seen.failed_requests:
        return
    found = expected(change, after, typed(seen))
    if found:
        steps = [*seen.case.steps, *whereabouts(change, after), *found]
        yield _draft(crawled, seen, steps, "this is what sending it showed", outcome(crawled, found[0]))


def _refused(crawled: Crawled, seen: Observation, change: PageChange) -> Iterator[Draft]:
    after, before, about = seen.after, seen.before, seen.case.about
    if after is None or before is None:
        return
    field = about["field"]
    marked = [live for live in change.invalid if field is None or _same(live, field)]
    found = [step for live in marked[:2] for step in complaint(live, after, typed(seen))]
    found += [
        step
        for message in change.messages[:1]
        if message.role == "alert" and (step := message_step(message, typed(seen)))
    ]
    # A server that refuses shows the form again, at the page's own address or where the form sends to.
    if not found and after.path in (before.path, about["path"]) and _still_there(seen):
        found = [visible(said(part)) for text in change.texts if len(part := steady(text, typed(seen))) >= 8][:1]
    if found:
        steps = [*seen.case.steps, *found, ExpectUrl.step(path=after.path)]
        yield _draft(crawled, seen, steps, "this is how it answered when it was tried")


def _draft(crawled: Crawled, seen: Observation, steps: list[Step], why: str, effect: str = "") -> Draft:
    about, page = seen.case.about, crawled.page_of(seen.case)
    title = _title(crawled, about, effect)
    body = document(seen.case, steps, title, "high" if about["kind"] == "right" else "medium")
    what = about["kind"]
    return Draft("form", title, body, seen.case, f"{seen_on(crawled, page)}; {why}", _RANKS[what], _TONES[what])


def _title(crawled: Crawled, about: Any, effect: str) -> str:
    if about["kind"] == "right":
        return say(crawled, "form_right", form=about["name"], outcome=effect)
    if about["field"] is None:
        return say(crawled, "form_empty", form=about["name"])
    label = quoted(label_of(FormField(tag="input", **about["field"])))
    how = say(crawled, f"how_{about['how']}") if about["how"] else ""
    return say(crawled, f"form_{about['kind']}", form=about["name"], field=label, how=how)


def typed(seen: Observation) -> tuple[str, ...]:
    """What stood in the fields when the form was sent."""
    return tuple(field.value for field in seen.before.fields if len(field.value) > 1) if seen.before else ()


def _still_there(seen: Observation) -> bool:
    wanted = {tuple(pair) for pair in seen.case.about["fields"]}
    return bool(wanted & {(field.name, field.label) for field in seen.after.fields}) if seen.after else False


def _same(live: LiveField, field: dict[str, str]) -> bool:
    if field["id"] and live.id:
        return live.id == field["id"]
    return (live.name, live.label) == (field["name"], field["label"])
