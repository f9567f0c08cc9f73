"""Signing in and out: the right account gets in, a wrong password does not, and what is behind stays closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, Step, Tone, address
from runs.engine.generate.effects import at, expected, heading, message_step, visible, whereabouts
from runs.engine.generate.proposals import entering
from runs.engine.generate.proposals.form import typed
from runs.engine.generate.proposals.form_kinds import is_text
from runs.engine.generate.proposals.writing import document, page_name, say, seen_on
from runs.engine.page.look import Look, PageChange, difference
from runs.engine.page.naming import Target, field_of, only, pressed, said
from runs.engine.page.safety import leaves
from runs.engine.page.volatile import steady
from runs.engine.plan import ACCOUNT
from runs.engine.steps.click import Click
from runs.engine.steps.expect_hidden import ExpectHidden
from runs.engine.steps.expect_url import ExpectUrl
from runs.engine.steps.fill import Fill
from runs.engine.steps.goto import Goto

USERNAME = "{{account.username}}"
PASSWORD = "{{account.password}}"  # noqa: S105
WRONG = "wrong-{{random.digits(6)}}"
_CLOSED = 6
_WAYS_OUT = ("link", "button")
_TONES: dict[bool, Tone] = {True: "negative", False: "edge"}
_TITLES = {"wrong": "signin_wrong", "empty": "signin_empty"}


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    found = crawled.survey.sign_in
    if found is None:
        return
    page, form = found.page, found.form
    name = next(field for field in form.fields if is_text(field) and field.type != "password")
    secret = next(field for field in form.fields if field.type == "password")
    boxes = field_of(name, form, page), field_of(secret, form, page)
    send = entering.sending(form, page, boxes[1])
    if boxes[0] and boxes[1] and send and not crawled.options.read_only:
        for what, password in (("right", PASSWORD), ("wrong", WRONG)):
            if crawled.survey.account:
                steps = (*_filled(boxes[0], boxes[1], password), send)
                yield _case(crawled, what, steps)
        yield _case(crawled, "empty", (send,))
    yield from _closed(crawled)


def _case(crawled: Crawled, what: str, steps: Sequence[Step]) -> CaseSpec:
    """A case at the sign-in form, which is opened by a stranger."""
    found = crawled.survey.sign_in
    if found is None:
        raise LookupError("no sign-in form is known")
    # A sign-in is sent with POST, which leaves only where a case may write.
    return crawled.case("signin", what, found.page, steps, auth="", writes=True, about={"kind": what})


def _filled(name: Target, secret: Target, password: str) -> list[Step]:
    return [Fill.step(target=name, value=USERNAME), Fill.step(target=secret, value=password)]


def _closed(crawled: Crawled) -> Iterator[CaseSpec]:
    pages = [page for page in crawled.exemplars() if crawled.auth_of(page) == ACCOUNT]
    for page in pages[:_CLOSED]:
        yield crawled.case("signin", f"closed {page.path}", page, auth="", about={"kind": "closed"})


def deeper(crawled: Crawled, seen: Observation) -> Iterable[CaseSpec]:
    """Once signed in: sign out again, where it is offered there or on a page of the account.

    The sign-in is one of its own: signing out of one that others share would end theirs.
    """
    if seen.case.about["kind"] != "right" or seen.after is None or _asks_for_password(seen.after):
        return ()
    for control in seen.after.pressables:
        if (
            control.role in _WAYS_OUT
            and leaves(control.name)
            and (target := only(control.role, control.name, seen.after))
        ):
            return (_case(crawled, "out", (*seen.case.steps, Click.step(target=target))),)
    for page in crawled.exemplars():
        for action in page.actions:
            if action.role in _WAYS_OUT and leaves(action.name) and (target := pressed(action, page)):
                # Where the sign-in leads is expected first: before its answer the page would be opened as a stranger.
                there: Step = Goto.step(path=address(page.url))
                return (_case(crawled, "out", (*seen.case.steps, at(seen.after), there, Click.step(target=target))),)
    return ()


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for seen in observations:
        what = seen.case.about["kind"]
        if what == "closed":
            yield from _asks_first(crawled, seen)
        elif seen.before and seen.after:
            change = difference(seen.before, seen.after)
            write = {"right": _enters, "out": _leaves}.get(what, _stays_out)
            yield from write(crawled, seen, change, seen.after)


def _enters(crawled: Crawled, seen: Observation, change: PageChange, after: Look) -> Iterator[Draft]:
    found = expected(change, after, typed(seen))
    if not found or _asks_for_password(after):
        return
    title = say(crawled, "signin_right")
    body = document(seen.case, [*seen.case.steps, *whereabouts(change, after), *found], title, "high")
    yield Draft("signin", title, body, seen.case, "this is what signing in with the project's account showed", 0)


def _leaves(crawled: Crawled, seen: Observation, change: PageChange, after: Look) -> Iterator[Draft]:
    """Signed out: the way out is gone, and what the page says or offers instead is there."""
    clicked = seen.case.steps[-1]["target"]
    if any(leaves(control.name) for control in after.pressables):
        return
    offered = {(control.role, control.name) for control in seen.before.pressables} if seen.before else set()
    new = [link for link in after.pressables if link.role == "link" and (link.role, link.name) not in offered]
    way_in = [visible(target) for link in new[:2] if (target := only("link", link.name, after))]
    found = [*expected(change, after)[:2], *way_in, ExpectHidden.step(target=clicked)]
    # That the way out is gone holds of any error page as well.
    if len(found) < 2:
        return
    title = say(crawled, "signout")
    body = document(seen.case, [*seen.case.steps, *found], title, "high")
    yield Draft("signin", title, body, seen.case, "this is what signing out showed, in a sign-in of its own", 1)


def _stays_out(crawled: Crawled, seen: Observation, change: PageChange, after: Look) -> Iterator[Draft]:
    """An answer in words counts; a page that merely stays as it is does not tell a refusal from a broken button."""
    if not _asks_for_password(after):
        return
    found = [step for message in change.messages[:2] if (step := message_step(message, typed(seen)))]
    if not found:
        words = [part for text in change.texts if len(part := steady(text, typed(seen))) >= 8]
        found = [visible(said(part)) for part in words[:1]]
    found += [
        visible({"css": f"{field.css}:user-invalid"})
        for field in change.invalid[:2]
        if field.submitted_invalid and not found
    ]
    if not found:
        return
    wrong = seen.case.about["kind"] == "wrong"
    title, tone = say(crawled, _TITLES[seen.case.about["kind"]]), _TONES[wrong]
    path: Step = ExpectUrl.step(path=after.path)
    body = document(seen.case, [*seen.case.steps, *found, path], title, "high" if wrong else "medium")
    why = "this is how the sign-in answered when it was tried"
    yield Draft("signin", title, body, seen.case, why, 1 if wrong else 3, tone)


def _asks_first(crawled: Crawled, seen: Observation) -> Iterator[Draft]:
    page, after = crawled.page_of(seen.case), seen.after
    if after is None or after.path == page.path:
        return
    change = difference(Look(path=page.path, headings=page.headings), after)
    found = heading(change)
    if not found:
        return
    title = say(crawled, "closed", page=page_name(crawled, page))
    body = document(seen.case, [at(after), *found], title, "high")
    why = f"{seen_on(crawled, page)}, which needs the account; without it this is what opens"
    yield Draft("signin", title, body, seen.case, why, 2, "negative")


def _asks_for_password(look: Look) -> bool:
    return any(field.type == "password" for field in look.fields)
