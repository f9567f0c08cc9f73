"""Signing in: the right account gets in, a wrong password does not, and what is behind it stays closed to strangers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runs.engine.generate.cases import Case, Crawled, Draft, Observation, Step, address
from runs.engine.generate.effects import at, expected, heading, message_step, visible, whereabouts
from runs.engine.generate.proposals import entering
from runs.engine.generate.proposals.form import typed
from runs.engine.generate.proposals.kinds import is_text
from runs.engine.generate.proposals.writing import document, page_name, seen_on
from runs.engine.page.look import Change, Look, difference
from runs.engine.page.naming import Target, field_of, said
from runs.engine.page.volatile import steady

USERNAME = "{{account.username}}"
PASSWORD = "{{account.password}}"  # noqa: S105
WRONG = "wrong-{{random.digits(6)}}"
_CLOSED = 6


def cases(crawled: Crawled) -> Iterable[Case]:
    if crawled.sign_in is None:
        return
    page, form = crawled.sign_in
    name = next(field for field in form.fields if is_text(field) and field.type != "password")
    secret = next(field for field in form.fields if field.type == "password")
    boxes = field_of(name, form, page), field_of(secret, form, page)
    send = entering.sending(form, page, boxes[1])
    if boxes[0] and boxes[1] and send and not crawled.options.read_only:
        for what, password in (("right", PASSWORD), ("wrong", WRONG)):
            if crawled.account:
                steps = (*_filled(boxes[0], boxes[1], password), send)
                yield Case("signin", what, page, address(page.url), steps, writes=True, about={"kind": what})
        about = {"kind": "empty"}
        yield Case("signin", "empty", page, address(page.url), (send,), writes=True, about=about)
    yield from _closed(crawled)


def _filled(name: Target, secret: Target, password: str) -> list[Step]:
    return [{"do": "fill", "target": name, "value": USERNAME}, {"do": "fill", "target": secret, "value": password}]


def _closed(crawled: Crawled) -> Iterator[Case]:
    pages = [page for page in crawled.exemplars() if crawled.needs_account(page)]
    for page in pages[:_CLOSED]:
        yield Case("signin", f"closed {page.path}", page, address(page.url), about={"kind": "closed"})


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    write = {"right": _enters, "wrong": _stays_out, "empty": _stays_out}
    for seen in observations:
        what = seen.case.about["kind"]
        if what == "closed":
            yield from _asks_first(crawled, seen)
        elif seen.before and seen.after:
            yield from write[what](seen, difference(seen.before, seen.after), seen.after)


def _enters(seen: Observation, change: Change, after: Look) -> Iterator[Draft]:
    found = expected(change, after, typed(seen))
    if not found or _asks_for_password(after):
        return
    title = "Signing in with the right password works"
    body = document(seen.case, [*seen.case.steps, *whereabouts(change, after), *found], title, "high")
    yield Draft("signin", title, body, seen.case, "this is what signing in with the project's account showed", 0)


def _stays_out(seen: Observation, change: Change, after: Look) -> Iterator[Draft]:
    """An answer in words counts; a page that merely stays as it is does not tell a refusal from a broken button."""
    if not _asks_for_password(after):
        return
    found = [step for message in change.messages[:2] if (step := message_step(message, typed(seen)))]
    if not found:
        words = [part for text in change.texts if len(part := steady(text, typed(seen))) >= 8]
        found = [visible(said(part)) for part in words[:1]]
    found += [
        visible({"css": f"{one.css}:user-invalid"}) for one in change.invalid[:2] if one.submitted_invalid and not found
    ]
    if not found:
        return
    wrong = seen.case.about["kind"] == "wrong"
    title = (
        "Signing in with a wrong password shows an error"
        if wrong
        else "Signing in without a name and password is refused"
    )
    path: Step = {"do": "expect_url", "path": after.path}
    body = document(seen.case, [*seen.case.steps, *found, path], title, "high" if wrong else "medium")
    yield Draft(
        "signin", title, body, seen.case, "this is how the sign-in answered when it was tried", 1 if wrong else 3
    )


def _asks_first(crawled: Crawled, seen: Observation) -> Iterator[Draft]:
    page, after = seen.case.page, seen.after
    if after is None or after.path == page.path:
        return
    change = difference(Look(path=page.path, headings=page.headings), after)
    found = heading(change)
    if not found:
        return
    title = f"The {page_name(page)} cannot be opened without signing in"
    body = document(seen.case, [at(after), *found], title, "high")
    yield Draft(
        "signin",
        title,
        body,
        seen.case,
        f"{seen_on(crawled, page)}, which needs the account; without it this is what opens",
        2,
    )


def _asks_for_password(look: Look) -> bool:
    return any(field.type == "password" for field in look.fields)
