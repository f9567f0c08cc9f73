"""What a page asks for when one signs in: its fields, its answer, and how it looks to whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import ElementHandle, Error, Frame, JSHandle, Page

from runs.engine.plan import Credentials

SCRIPT = Path(__file__).with_name("signin.js").read_text("utf-8")


class SignInFailed(Exception):
    """Signing in did not work; the message says in one sentence what was seen."""


@dataclass(frozen=True)
class Form:
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
    return any([await _evaluated(frame, "asks", False) for frame in _frames(page)])


async def entrance(page: Page) -> ElementHandle | None:
    """The link or button that leads to signing in."""
    return (await page.evaluate_handle(f"({SCRIPT}).entrance()")).as_element()


async def way_in(page: Page) -> str:
    """The address that a link out of sight gives for signing in, empty where there is none."""
    return str(await _evaluated(page.main_frame, "way", ""))


async def form_of(page: Page, credentials: Credentials) -> Form:
    """The form that is shown; selectors of the credentials go before what is found. Raises `SignInFailed`."""
    forms = [Form(**await _handles(frame, "fields")) for frame in _frames(page)]
    named = [form for form in forms if form.username] or [Form()]
    form = next((form for form in forms if form.password), named[0])
    given = {
        "username": credentials.username_selector,
        "password": credentials.password_selector,
        "submit": credentials.submit_selector,
    }
    chosen = {name: await _selected(page, selector) for name, selector in given.items() if selector}
    if "username" in chosen and chosen["username"] is None:
        raise SignInFailed(f"Nothing on {page.url} matches the username selector {credentials.username_selector}.")
    return Form(**{**vars(form), **chosen})


async def codes_of(page: Page) -> Codes:
    """Where the page wants a one-time code; no fields where it wants none."""
    for frame in _frames(page):
        handles = await _handles(frame, "codes")
        submit = handles.pop("submit", None)
        fields = tuple(handle for _, handle in sorted(handles.items(), key=lambda item: int(item[0])) if handle)
        if fields:
            return Codes(fields, submit)
    return Codes()


async def verdict_of(page: Page) -> Verdict:
    """What all frames say together; while a page is being left, that it still asks for the password."""
    nothing = {"password": True, "code": False, "blank": False, "said": ""}
    main = await _evaluated(page.main_frame, "verdict", nothing)
    seen = [main, *[await _evaluated(frame, "verdict", {}) for frame in _frames(page)[1:]]]
    return Verdict(
        password=any(one.get("password") for one in seen),
        code=any(one.get("code") for one in seen),
        blank=any(one.get("blank") for one in seen if one.get("password") or one.get("code")),
        said=next((one["said"] for one in seen if one.get("said")), ""),
    )


async def view_of(page: Page) -> View:
    seen = await page.evaluate(f"({SCRIPT}).view()")
    return View(seen["address"], seen["asks"] or await asked_for(page), frozenset(seen["names"]))


def _frames(page: Page) -> list[Frame]:
    """The page and those of its frames that may be told a password: of its host, or of a host beside it."""
    family = _family(page.url)
    return [frame for frame in page.frames if frame is page.main_frame or _family(frame.url) in ("", family)]


def _family(url: str) -> str:
    labels = (urlsplit(url).hostname or "").split(".")
    return ".".join(labels[1:] if len(labels) > 2 and not labels[-1].isdigit() else labels)


async def _evaluated(frame: Frame, call: str, otherwise: Any) -> Any:
    try:
        return await frame.evaluate(f"({SCRIPT}).{call}()")
    except Error:
        return otherwise


async def _handles(frame: Frame, call: str) -> dict[str, ElementHandle | None]:
    try:
        found: JSHandle = await frame.evaluate_handle(f"({SCRIPT}).{call}()")
        return {name: handle.as_element() for name, handle in (await found.get_properties()).items()}
    except Error:
        return {}


async def _selected(page: Page, selector: str) -> ElementHandle | None:
    for frame in _frames(page):
        found = await frame.query_selector(selector)
        if found is not None:
            return found
    return None
