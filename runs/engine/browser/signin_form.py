"""What a page asks for when one signs in: its fields, its answer, and how it looks to whom."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import ElementHandle, Error, Frame, Page

from runs.engine.inpage import PageResists, hold, read_page
from runs.engine.lexicon import Intent, Topic, for_scripts
from runs.engine.plan import Credentials

WORDS = {
    "entry": for_scripts(Intent.SIGN_IN, Topic.OWN_ACCOUNT),
    "onward": for_scripts(Intent.CONTINUE),
    "user": for_scripts(Topic.KNOWN_AS),
    "code": for_scripts(Topic.ONE_TIME_CODE),
    "remember": for_scripts(Intent.REMEMBER),
}
SCRIPT = f"const WORDS = {json.dumps(WORDS)};\n{Path(__file__).with_name('signin.js').read_text('utf-8')}"


class SignInFailed(Exception):
    """Signing in did not work; the message says in one sentence what was seen.

    `passing`: the site was slow or broken, which says nothing of the credentials and may be otherwise a moment later.
    """

    def __init__(self, said: str, *, passing: bool = False) -> None:
        super().__init__(said)
        self.passing = passing


@dataclass(frozen=True)
class SignInForm:
    """The controls of a sign-in form; of a form in steps, those of the step that is shown."""

    username: ElementHandle | None = None
    password: ElementHandle | None = None
    submit: ElementHandle | None = None
    remember: ElementHandle | None = None


@dataclass(frozen=True)
class Codes:
    """Where a one-time code goes: one field, or one for each digit."""

    fields: tuple[ElementHandle, ...] = ()
    submit: ElementHandle | None = None


@dataclass(frozen=True)
class Verdict:
    """What a page says to what was entered. `blank`: its fields are empty; `said`: its error message."""

    password: bool = False
    code: bool = False
    blank: bool = False
    said: str = ""


@dataclass(frozen=True)
class View:
    """A page as somebody sees it: its path (and client-side route), and the names of links and buttons."""

    address: str
    asks: bool
    names: frozenset[str]


async def asked_for(page: Page) -> bool:
    """Whether the page asks to sign in, itself or in a frame of the same family of hosts."""
    return any([await _read(frame, "asks", False) for frame in _frames(page)])


async def entrance(page: Page) -> ElementHandle | None:
    """The link or button that leads to signing in."""
    return await hold(page.main_frame, await _called(page.main_frame, "entrance"))


async def way_in(page: Page) -> str:
    """The address that a link out of sight gives for signing in, empty where there is none."""
    return str(await _read(page.main_frame, "way", ""))


async def form_of(page: Page, credentials: Credentials) -> SignInForm:
    """The form that is shown; selectors of the credentials go before what is found. Raises `SignInFailed`."""
    forms = [await _form_in(frame) for frame in _frames(page)]
    named = [form for form in forms if form.username] or [SignInForm()]
    form = next((form for form in forms if form.password), named[0])
    given = {
        "username": credentials.username_selector,
        "password": credentials.password_selector,
        "submit": credentials.submit_selector,
    }
    chosen = {name: await _selected(page, selector) for name, selector in given.items() if selector}
    if "username" in chosen and chosen["username"] is None:
        raise SignInFailed(f"Nothing on {page.url} matches the username selector {credentials.username_selector}.")
    return SignInForm(**{**vars(form), **chosen})


async def codes_of(page: Page) -> Codes:
    """Where the page wants a one-time code; no fields where it wants none."""
    for frame in _frames(page):
        places = await _read(frame, "codes", {"fields": [], "submit": None})
        held = [await hold(frame, place) for place in places["fields"]]
        fields = tuple(handle for handle in held if handle)
        if fields:
            return Codes(fields, await hold(frame, places["submit"]))
    return Codes()


async def verdict_of(page: Page) -> Verdict:
    """What all frames say together; while a page is being left, that it still asks for the password."""
    nothing = {"password": True, "code": False, "blank": False, "said": ""}
    main = await _read(page.main_frame, "verdict", nothing)
    seen = [main, *[await _read(frame, "verdict", {}) for frame in _frames(page)[1:]]]
    return Verdict(
        password=any(frame.get("password") for frame in seen),
        code=any(frame.get("code") for frame in seen),
        blank=any(frame.get("blank") for frame in seen if frame.get("password") or frame.get("code")),
        said=next((frame["said"] for frame in seen if frame.get("said")), ""),
    )


async def view_of(page: Page) -> View:
    seen = await _called(page.main_frame, "view")
    return View(seen["address"], seen["asks"] or await asked_for(page), frozenset(seen["names"]))


def _frames(page: Page) -> list[Frame]:
    """The page and those of its frames that may be told a password: of its host, or of a host beside it."""
    family = _family(page.url)
    # about:blank and srcdoc have no host. Whether a password is typed decides `may_sign_in`, by origin.
    return [frame for frame in page.frames if frame is page.main_frame or _family(frame.url) in ("", family)]


def _family(url: str) -> str:
    labels = (urlsplit(url).hostname or "").split(".")
    return ".".join(labels[1:] if len(labels) > 2 and not labels[-1].isdigit() else labels)


async def _form_in(frame: Frame) -> SignInForm:
    places = await _read(frame, "fields", {})
    return SignInForm(**{name: await hold(frame, place) for name, place in places.items()})


async def _read(frame: Frame, call: str, otherwise: Any) -> Any:
    """What the script says; `otherwise` where the page or the frame is being left. Raises `PageResists`."""
    try:
        return await _called(frame, call)
    except PageResists:
        raise
    except Error:
        return otherwise


async def _called(frame: Frame, call: str) -> Any:
    return await read_page(frame, SCRIPT, f"signin.{call}()")


async def _selected(page: Page, selector: str) -> ElementHandle | None:
    for frame in _frames(page):
        found = await frame.query_selector(selector)
        if found is not None:
            return found
    return None
