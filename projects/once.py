"""Secrets that are shown once: kept sealed in the session between the form that made them and the page that follows.

A form answers with a redirect, so that reloading what it leads to sends nothing again; and what was shown is gone.
"""

from __future__ import annotations

from django.http import HttpRequest

from projects.secrets import SecretUnreadable, seal, unseal

KEY = "shown_once"


def show_once(request: HttpRequest, what: str, text: str) -> None:
    """Keeps the text for the next page that asks for it by this name."""
    request.session[KEY] = {**request.session.get(KEY, {}), what: seal({"text": text})}


def shown_once(request: HttpRequest, what: str) -> str:
    """The text, which is forgotten with that; nothing where there is none."""
    kept = dict(request.session.get(KEY, {}))
    sealed = kept.pop(what, "")
    if not sealed:
        return ""
    request.session[KEY] = kept
    try:
        return str(unseal(sealed)["text"])
    except SecretUnreadable:
        return ""
