"""What must not be pressed or submitted on somebody's application. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import parse_qsl, unquote, urlsplit

from runs.engine.events import Form, FormField
from runs.engine.lexicon import Intent, Topic, intents, says_and, topics
from runs.engine.patterns import found
from runs.engine.plan import CrawlOptions

# Why what is meant so is not pressed; what is said first is told.
_DANGERS = {
    Intent.DELETE: "deletes",
    Intent.PAY: "pays or orders",
    Intent.SIGN_OUT: "signs out",
    Intent.UNSUBSCRIBE: "ends a subscription or booking",
    Intent.RESET: "resets or revokes",
    Intent.TRANSFER: "moves money or rights",
    Intent.PUBLISH: "reaches other people",
    Intent.STOP: "stops or restarts something",
}
# What may be pressed although it writes: it is undone by not going on, and concerns only the visitor.
_MEANS_NO_HARM = frozenset({Intent.PERSONAL, Intent.FILTER, Intent.ARRANGE, Intent.ACCEPT_COOKIES})
_OF_AN_ADDRESS = re.compile(r"[/_.?&=#-]")
# Two letters, or a single character of a script in which that can be a word.
_SAID = re.compile(r"[^\W\d_]{2}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DELETES = frozenset({"delete"})


class Permit(IntEnum):
    """How far a form may be taken."""

    NOTHING = 0
    GUARDED = 1  # only what the browser itself holds back: native validation, nothing leaves the page
    SUBMIT = 2


@dataclass(frozen=True, slots=True)
class Control:
    """What a control says of itself.

    `hints` are words of its title, classes and icon, for one without a name, `script` those of its code; `address` is
    where it leads or sends; `method` what it sends with, where that is told; `confirms`: it asks before it acts.
    """

    name: str
    hints: str = ""
    script: str = ""
    address: str = ""
    method: str = ""
    confirms: bool = False

    @property
    def said(self) -> str:
        return self.name if _SAID.search(self.name) else self.hints


def refusal(control: Control, options: CrawlOptions) -> str:
    """Why a control must not be pressed under these options, as words after "it"; "" when it may be.

    What is denied is never pressed; what is allowed is, whatever it says.
    """
    if _listed(control, options.deny_actions):
        return "is on the list of what is not pressed"
    if options.allow_destructive or _listed(control, options.allow_actions):
        return ""
    if control.method.lower() in _DELETES:
        return "deletes"
    if not control.said:
        return "does not say what it does"
    # Code is named for developers: it is heard only where a control says nothing to people (decision 18).
    scripted = "" if _SAID.search(control.name) else danger(control.script)
    return danger(control.said, control.address) or scripted or ("asks for confirmation" if control.confirms else "")


def _listed(control: Control, patterns: Iterable[str]) -> bool:
    return any(found(pattern, said) for pattern in patterns for said in {control.name, control.said} if said)


def danger(name: str, href: str = "") -> str:
    """Why something so named must not be pressed, as a verb ("deletes"); "" when nothing speaks against it."""
    said = intents(name)
    for intent, why in _DANGERS.items():
        if intent in said:
            return why
    address = _of_address(href)
    about = topics(address)
    changes = (
        Topic.CHANGES in about or Intent.SIGN_OUT in intents(address) or (Topic.BUYS in about and not goes_on(name))
    )
    return "leads to an address that changes something" if changes else ""


def _of_address(href: str) -> str:
    """The parts of an address, to be read; nothing is read into one that is more than letters and digits."""
    parts = map(unquote, _OF_AN_ADDRESS.split(href))
    return " ".join(part if part.isalnum() else "." for part in parts)


def goes_on(name: str) -> bool:
    """Whether a button only leads to the next of several steps: "Continue to payment", not "Continue and pay"."""
    return Intent.CONTINUE in intents(name) and not says_and(name)


def leaves(name: str) -> bool:
    """Whether something so named ends the session, and nothing else."""
    return intents(name) & _DANGERS.keys() == {Intent.SIGN_OUT}


def removes(name: str) -> bool:
    """Whether something so named takes one thing away again, and does nothing else."""
    return danger(name) == "deletes" and not of_many(name) and Topic.CONTAINING not in topics(name)


def of_many(name: str) -> bool:
    """Whether something so named concerns all of what there is, or an account."""
    return Intent.ALL in intents(name) or Topic.ACCOUNT in topics(name)


def orders(name: str) -> bool:
    """Whether something so named belongs to paying or ordering, and to nothing else that must not be pressed."""
    return danger(name) == "pays or orders"


def denied(name: str, options: CrawlOptions) -> bool:
    """Whether a person said that nothing so named is pressed."""
    return any(found(pattern, name) for pattern in options.deny_actions)


def may_be_refused(form: Form, options: CrawlOptions) -> bool:
    """Whether a form may be sent with a required field left empty although its address says that it orders something.

    By its words it must do no harm, and ask for neither payment details nor passwords.
    """
    wording = danger(f"{form.submit} {form.name} {form.heading}")
    secret = any(_is_payment(field) or field.type in ("password", "file") for field in form.fields)
    required = any(field.required for field in form.fields)
    return required and not wording and not secret and not options.read_only and not denied(form.submit, options)


def harmless(name: str) -> bool:
    """Whether a button with this name may write: it says that it does something small that only the visitor sees."""
    said = intents(name)
    # What clears a view may be pressed but not write: many languages delete by the same word (decision 50).
    return not danger(name) and Intent.CLEAR_VIEW not in said and not _MEANS_NO_HARM.isdisjoint(said)


def pressable(name: str, href: str, options: CrawlOptions) -> bool:
    """Whether a link or button may be pressed under these options."""
    return not refusal(Control(name or href, address=href), options)


def asks(form: Form) -> bool:
    """Whether sending it only asks: by GET, to an address. Fields outside of a form may do anything."""
    return form.method.lower() == "get" and bool(form.action)


def permit(form: Form, options: CrawlOptions, sends: Control | None = None, on: str = "") -> tuple[Permit, str]:
    """How far a form may be taken, and why not further ("" when it may be submitted).

    `sends` is its button, where more is known of it than its name; `on` the address of the page that shows it.
    """
    sends = sends or Control(form.submit or form.name or form.heading or form.action, address=form.action)
    edits = asks(form) and _shows_a_record(form, on)
    if options.read_only and (edits or not asks(form)):
        return Permit.NOTHING, "the crawl is read-only"
    if any(field.type == "file" for field in form.fields) and not _listed(sends, options.deny_actions):
        return Permit.GUARDED, "it uploads a file"
    why = refusal(sends, options)
    if why or options.allow_destructive or _listed(sends, options.allow_actions):
        return (Permit.NOTHING, f"it {why}") if why else (Permit.SUBMIT, "")
    if edits:
        return Permit.NOTHING, "it shows a text that is stored, and sending it may change that"
    return _by_content(form)


def _shows_a_record(form: Form, on: str) -> bool:
    """Whether a form that asks has words filled in that were not asked for: what the page's address says is an echo.

    Roundup edits a stored search by such a form, with GET. Figures are how many there are on a page and their like.
    """
    if not on:
        return False
    echoed = {value for _, value in parse_qsl(urlsplit(on).query)}
    texts = (field.value for field in form.fields if field.tag == "textarea" or field.type in ("text", "search"))
    return any(any(map(str.isalpha, text)) and text not in echoed for text in texts)


def _by_content(form: Form) -> tuple[Permit, str]:
    why = "" if form.submit else danger(f"{form.name} {form.heading}")
    if why:
        return Permit.NOTHING, f"it {why}"
    if any(_is_payment(field) for field in form.fields):
        return Permit.NOTHING, "it asks for payment details"
    return _account(form)


def _account(form: Form) -> tuple[Permit, str]:
    secrets = [field for field in form.fields if field.type == "password"]
    wording = " ".join((form.submit, form.name, form.heading))
    labels = " ".join(f"{field.label} {field.name}" for field in secrets)
    if len(secrets) > 1 or Intent.CHANGE_PASSWORD in intents(f"{labels} {wording}") or _is_new(secrets):
        return Permit.GUARDED, "it sets a password"
    if secrets and Intent.SIGN_UP in intents(wording):
        return Permit.GUARDED, "it creates an account"
    return Permit.SUBMIT, ""


def _is_new(secrets: list[FormField]) -> bool:
    return any("new-password" in field.autocomplete for field in secrets)


def _is_payment(field: FormField) -> bool:
    if field.autocomplete.split(" ")[-1].startswith("cc-"):
        return True
    return Topic.CARD in topics(" . ".join((field.name, field.id, field.label, field.placeholder)))
