"""What a form is for: signing in, searching, choosing, pressing, or entering something."""

from __future__ import annotations

from typing import Literal

from runs.engine.events import Form, FormField
from runs.engine.generate.proposals.entering import TEXTS
from runs.engine.lexicon import Intent, Topic, intents, is_called
from runs.engine.page.filling import meaning
from runs.engine.page.safety import Permit, permit
from runs.engine.plan import CrawlOptions

Kind = Literal["sign_in", "search", "choice", "press", "entry"]


def is_loose(form: Form) -> bool:
    """Fields that stand in no form: what is entered has its effect at once, or by a button of a script."""
    return not form.action


def kind(form: Form) -> Kind:
    if is_sign_in(form):
        return "sign_in"
    words = [field for field in form.fields if is_text(field)]
    asks = form.method.lower() == "get" and not is_loose(form)
    if len(words) == 1 and (asks or is_loose(form)) and _is_query(form, words[0]):
        return "search"
    if words:
        return "entry"
    return "choice" if asks and form.fields else "press"


def is_sign_in(form: Form) -> bool:
    """One password that exists already, and at most two other fields."""
    secrets = [field for field in form.fields if field.type == "password"]
    others = [field for field in form.fields if is_text(field) and field.type != "password"]
    # By default options: what a form is does not depend on what a crawl is allowed to do.
    return len(secrets) == 1 and 1 <= len(others) <= 2 and permit(form, CrawlOptions())[0] is Permit.SUBMIT


def is_text(field: FormField) -> bool:
    """Whether something is typed into it that is not merely a number."""
    return field.tag != "select" and field.type in TEXTS and field.type != "number"


def query_field(form: Form) -> FormField:
    return next(field for field in form.fields if is_text(field))


def _is_query(form: Form, field: FormField) -> bool:
    if field.type not in ("", "text", "search", "textarea"):
        return False
    named = meaning(field) == "search" or is_called(field.name, Topic.QUERY)
    return form.role == "search" or named or Intent.FILTER in intents(field.label or field.placeholder)
