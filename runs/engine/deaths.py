"""What died, by the error that tells of it: a page, a browser, or the driver that they are spoken to through."""

from __future__ import annotations

import re
from enum import Enum


class Death(Enum):
    """Of what an error tells. `CLOSED` is said of a page, its context and its browser alike."""

    PAGE = "page"
    CLOSED = "closed"
    BROWSER = "browser"
    DRIVER = "driver"
    SILENCE = "silence"


# As Playwright begins its sentences. Only beginnings count: further on stand names that a page gave to its elements,
# and a button "Reopen what has been closed" says nothing about the browser.
_CALL = re.compile(r"(?:[A-Za-z]+(?:\.[A-Za-z_]+)?: )*")
_SENTENCES = {
    "page crashed": Death.PAGE,
    "target crashed": Death.PAGE,
    "navigation failed because page crashed": Death.PAGE,
    "target page, context or browser has been closed": Death.CLOSED,
    "target closed": Death.CLOSED,
    "page has been closed": Death.CLOSED,
    "the page has been closed": Death.CLOSED,
    "browser closed": Death.BROWSER,
    "browser has been closed": Death.BROWSER,
    "pipe has been closed": Death.BROWSER,
    "connection closed": Death.DRIVER,
    "playwright connection closed": Death.DRIVER,
}


def classify(error: BaseException) -> Death | None:
    """None where an error tells of no death: a step that failed, a page that refuses."""
    if isinstance(error, TimeoutError):  # our own bound on a call; Playwright's is of another class
        return Death.SILENCE
    return told_in(str(error))


def told_in(said: str) -> Death | None:
    """The death that an error's text tells of."""
    said = said.lstrip()
    call = _CALL.match(said)
    said = said[call.end() if call else 0 :].lower()
    return next((death for beginning, death in _SENTENCES.items() if said.startswith(beginning)), None)


def browser_gone(error: BaseException) -> bool:
    """Whether the browser or the driver may be no more, or answers no more."""
    return classify(error) not in {None, Death.PAGE}


def page_gone(error: BaseException) -> bool:
    """Whether the page is no more, be it alone or with its browser."""
    return classify(error) not in {None, Death.SILENCE}
