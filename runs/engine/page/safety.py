"""What a generator must not press or submit on somebody's application. Pure."""

from __future__ import annotations

import re
from enum import IntEnum

from runs.engine.events import Form, FormField
from runs.engine.page.vocabulary import stems, tables, words
from runs.engine.plan import CrawlOptions

_DANGERS = {why: stems(listed) for why, listed in tables("danger").items()}
_SIGNS_UP = stems(words("sign_up"))
_CHANGES_PASSWORD = stems(words("password_change"))
# What may be pressed although it writes: it is undone by not going on, and concerns only the visitor.
_MEANS_NO_HARM = stems(words("harmless"))
_CARD = re.compile(
    r"card.?(?:number|no\b)|cc.?(?:num|exp|csc|cvc)|\bcvv\b|\bcvc\b|\biban\b|kartennummer|carte.bancaire|tarjeta",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\b(?:all|every|account|profile|user|workspace|project|team|database|konto|compte|cuenta|conta|alle|tout|todo)\b",
    re.IGNORECASE,
)
_PATHS = re.compile(
    r"(?:^|[/_.?&=-])(?:log-?out|log-?off|sign-?out|delete|destroy|remove|unsubscribe|deactivate|purge|erase|revoke|"
    r"pay|checkout|purchase|reset|publish|shutdown|reboot|transfer|cancel)(?:$|[/_.?&=#-])",
    re.IGNORECASE,
)


class Permit(IntEnum):
    """How far a form may be taken."""

    NOTHING = 0
    GUARDED = 1  # only what the browser itself holds back: native validation, nothing leaves the page
    SUBMIT = 2


def danger(name: str, href: str = "") -> str:
    """Why something so named must not be pressed, as a verb ("deletes"); "" when nothing speaks against it."""
    for why, expression in _DANGERS.items():
        if expression.search(name):
            return why
    return "leads to an address that changes something" if href and _PATHS.search(href) else ""


def leaves(name: str) -> bool:
    """Whether something so named ends the session, and nothing else."""
    return bool(_DANGERS["signs out"].search(name)) and not any(
        expression.search(name) for why, expression in _DANGERS.items() if why != "signs out"
    )


def removes(name: str) -> bool:
    """Whether something so named takes one thing away again, and does nothing else."""
    return danger(name) == "deletes" and not _ALL.search(name)


def orders(name: str) -> bool:
    """Whether something so named belongs to paying or ordering, and to nothing else that must not be pressed."""
    return danger(name) == "pays or orders"


def denied(name: str, options: CrawlOptions) -> bool:
    """Whether a person said that nothing so named is pressed."""
    return any(re.search(pattern, name) for pattern in options.deny_actions)


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
    return not danger(name) and bool(_MEANS_NO_HARM.search(name))


def pressable(name: str, href: str, options: CrawlOptions) -> bool:
    """Whether a link or button may be pressed under these options."""
    return options.allow_destructive or not danger(name, href)


def asks(form: Form) -> bool:
    """Whether sending it only asks: by GET, to an address. Fields outside of a form may do anything."""
    return form.method.lower() == "get" and bool(form.action)


def permit(form: Form, options: CrawlOptions) -> tuple[Permit, str]:
    """How far a form may be taken, and why not further ("" when it may be submitted)."""
    if options.read_only and not asks(form):
        return Permit.NOTHING, "the crawl is read-only"
    if any(field.type == "file" for field in form.fields):
        return Permit.GUARDED, "it uploads a file"
    if options.allow_destructive:
        return Permit.SUBMIT, ""
    why = danger(form.submit, form.action) or (danger(f"{form.name} {form.heading}") if not form.submit else "")
    if why:
        return Permit.NOTHING, f"it {why}"
    if any(_is_payment(field) for field in form.fields):
        return Permit.NOTHING, "it asks for payment details"
    return _account(form)


def _account(form: Form) -> tuple[Permit, str]:
    secrets = [field for field in form.fields if field.type == "password"]
    wording = " ".join((form.submit, form.name, form.heading))
    labels = " ".join(f"{field.label} {field.name}" for field in secrets)
    if len(secrets) > 1 or _CHANGES_PASSWORD.search(f"{labels} {wording}") or _is_new(secrets):
        return Permit.GUARDED, "it sets a password"
    if secrets and _SIGNS_UP.search(wording):
        return Permit.GUARDED, "it creates an account"
    return Permit.SUBMIT, ""


def _is_new(secrets: list[FormField]) -> bool:
    return any("new-password" in field.autocomplete for field in secrets)


def _is_payment(field: FormField) -> bool:
    if field.autocomplete.split(" ")[-1].startswith("cc-"):
        return True
    return bool(_CARD.search(" ".join((field.name, field.id, field.label, field.placeholder))))
