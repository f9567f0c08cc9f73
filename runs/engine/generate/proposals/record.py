"""Records with data of their own: made by a form, found again, changed, and taken away where that is offered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, Step, address
from runs.engine.generate.effects import visible
from runs.engine.generate.proposals import entering
from runs.engine.generate.proposals.form_kinds import is_text
from runs.engine.generate.proposals.writing import document, say
from runs.engine.kinds import kind_of
from runs.engine.lexicon import Intent, intents
from runs.engine.page.look import Look, page_of
from runs.engine.page.naming import Target, field_of, only, said
from runs.engine.page.safety import Permit, denied, permit, pressable, removes
from runs.engine.steps.click import Click
from runs.engine.steps.expect_hidden import ExpectHidden
from runs.engine.steps.expect_url import ExpectUrl
from runs.engine.steps.fill import Fill
from runs.engine.steps.goto import Goto
from runs.engine.steps.save import Save

MARKER = "marker"
NAMED = "{{marker}}"
CHANGED = "{{marker}} changed"
_TICKET = re.compile(r"\{\{\s*random\.digits\(6\)\s*\}\}")
_GENERATED = re.compile(r"(?<!\d)\d{6}\b")
_CREATES = ("made", "listed")


def cases(_crawled: Crawled) -> Iterable[CaseSpec]:
    """None at first: a record begins where a form was seen to take its data."""
    return ()


def begun_by(crawled: Crawled, seen: Observation) -> Iterable[CaseSpec]:
    """From a form that was sent: the same again with a marker that is remembered, where it can be found afterwards."""
    case = seen.case
    if case.about.get("kind") != "right" or not case.writes or seen.after is None or seen.before is None:
        return
    steps = _marked(case.steps)
    values = [field.value for field in seen.before.fields if _GENERATED.search(field.value)]
    if steps is None or not values or seen.failed_requests:
        return
    about = {"kind": "made", "form": case.about["name"]}
    if _shows(values[0], seen.after):
        yield case.model_copy(update={"family": "record", "steps": steps, "about": about})
        return
    for page in _lists(crawled, seen):
        there: Step = Goto.step(path=page)
        about = {**about, "kind": "listed"}
        # The answer to the form is waited for: opening the list at once would cut the form's request off.
        landed: Step = ExpectUrl.step(path=seen.after.path)
        more = {"family": "record", "key": f"{case.key} {page}", "steps": (*steps, landed, there), "about": about}
        yield case.model_copy(update=more)


def _marked(steps: Sequence[Step]) -> tuple[Step, ...] | None:
    """The steps with the first generated text kept as the marker before it is used; None where none is generated."""
    for place, step in enumerate(steps):
        if kind_of(step) is Fill and _TICKET.search(str(step["value"])) and "@" not in step["value"]:
            save: Step = Save.step(name=MARKER, value=step["value"])
            return (*steps[:place], save, step | {"value": NAMED}, *steps[place + 1 :])
    return None


def _lists(crawled: Crawled, seen: Observation) -> list[str]:
    """Where a new record would be listed: the page above its form, which is another one."""
    own = crawled.page_of(seen.case).path.rstrip("/")
    above = own.rsplit("/", 1)[0]
    arrived = seen.after.path if seen.after else ""
    return [
        address(page.url)
        for page in crawled.exemplars()
        if above and page.path.rstrip("/") == above and page.path not in (own, arrived)
    ][:1]


def deeper(crawled: Crawled, seen: Observation) -> Iterable[CaseSpec]:
    """A record that was made is opened where only its name leads to it, then changed, then taken away."""
    marker, kind = _marker(seen), seen.case.about["kind"]
    if seen.after is None or not marker or not _shows(marker, seen.after):
        return
    if kind in _CREATES and not _is_about(marker, seen.after):
        if any(control.role == "link" and control.name == marker for control in seen.after.pressables):
            target: Target = {"role": "link", "name": NAMED, "exact": True}
            yield _further(seen.case, "opened", [Click.step(target=target)])
        return
    if kind in (*_CREATES, "opened"):
        yield from _edit(crawled, seen, seen.after)
    if kind in (*_CREATES, "opened", "changed"):
        yield from _remove(crawled, seen, seen.after, marker)
    if kind == "editing":
        yield from _change(crawled, seen, seen.after, marker)


def _edit(crawled: Crawled, seen: Observation, after: Look) -> Iterator[CaseSpec]:
    for control in after.pressables:
        if control.role in ("link", "button") and control.main and Intent.EDIT in intents(control.name):
            target = only(control.role, control.name, after)
            if target and "nth" not in target and pressable(control.name, control.href, crawled.options):
                yield _further(seen.case, "editing", [Click.step(target=target)])
                return


def _change(crawled: Crawled, seen: Observation, after: Look, marker: str) -> Iterator[CaseSpec]:
    page = page_of(after, "")
    for form in page.forms:
        field = next((candidate for candidate in form.fields if is_text(candidate) and candidate.value == marker), None)
        target, send = (field_of(field, form, page) if field else None), entering.sending(form, page)
        if target and send and permit(form, crawled.options)[0] is Permit.SUBMIT:
            fill: Step = Fill.step(target=target, value=CHANGED)
            yield _further(seen.case, "changed", [fill, send])
            return


def _remove(crawled: Crawled, seen: Observation, after: Look, marker: str) -> Iterator[CaseSpec]:
    """By the only thing that takes away, on a page about the record; never by one that may mean another record."""
    options = crawled.options
    ways = [
        control
        for control in after.pressables
        if control.role in ("button", "link") and control.main and removes(control.name)
    ]
    if not options.clean_up or options.read_only or len(ways) != 1 or not _is_about(marker, after):
        return
    target = only(ways[0].role, ways[0].name, after)
    if target and not denied(ways[0].name, options):
        yield _further(seen.case, "removed", [Click.step(target=target)])


def _further(case: CaseSpec, kind: str, steps: Sequence[Step]) -> CaseSpec:
    about = {**case.about, "kind": kind}
    return case.model_copy(update={"key": f"{case.key} > {kind}", "steps": (*case.steps, *steps), "about": about})


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    removals = [seen.case for seen in observations if seen.case.about["kind"] == "removed" and _gone(seen)]
    for seen in observations:
        kind, marker = seen.case.about["kind"], _marker(seen)
        if seen.after is None or not marker or kind in ("editing", "opened"):
            continue
        if kind == "removed":
            found = [ExpectHidden.step(target=said(NAMED))] if _gone(seen) else []
        else:
            value = f"{marker} changed" if kind == "changed" else marker
            found = [visible(said(CHANGED if kind == "changed" else NAMED))] if _shows(value, seen.after) else []
        if found:
            form = seen.case.about["form"]
            title = say(crawled, f"record_{kind}", form=form)
            steps = [*seen.case.steps, *found, *_clean_up(seen.case, removals)]
            why = f"a record made by the {form} was found again by the marker in it"
            yield Draft("record", title, document(seen.case, steps, title, "high"), seen.case, why, _rank(kind))


def _rank(kind: str) -> int:
    return ("made", "listed", "changed", "removed").index(kind)


def _clean_up(case: CaseSpec, removals: Sequence[CaseSpec]) -> list[Step]:
    """What was seen to take the record away after exactly these steps."""
    for removal in removals:
        # After other steps the same button may take away another record.
        if removal.key != case.key and removal.steps[: len(case.steps)] == case.steps:
            return list(removal.steps[len(case.steps) :])
    return []


def _marker(seen: Observation) -> str:
    """What stood in the marker when the case was tried."""
    return str(seen.saved.get(MARKER, ""))


def _gone(seen: Observation) -> bool:
    return seen.after is not None and bool(_marker(seen)) and not _shows(_marker(seen), seen.after)


def _shows(value: str, look: Look) -> bool:
    names = (*(control.name for control in look.pressables), *(heading.text for heading in look.headings), *look.texts)
    return any(value in text for text in names) or any(value == field.value for field in look.fields)


def _is_about(marker: str, look: Look) -> bool:
    """Whether the page is about the record rather than about several."""
    return marker in look.main_heading or any(field.value == marker for field in look.fields)
