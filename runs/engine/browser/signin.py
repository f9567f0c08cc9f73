"""Signing in to a site through its own form."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from playwright.async_api import BrowserContext, ElementHandle, Error, Page

from runs.engine.browser.contexts import close_context
from runs.engine.browser.session import Browser
from runs.engine.browser.settle import settle
from runs.engine.netguard import Guard
from runs.engine.plan import BrowserOptions, Credentials, Site

TOTAL_SECONDS = 60
STEP_MS = 15_000
ANSWER_SECONDS = 10.0
LOOK_SECONDS = 0.1
USUAL_PATHS = ("/login", "/sign-in", "/signin", "/accounts/login/", "/users/sign_in", "/auth/login")

SCRIPT = Path(__file__).with_name("signin.js").read_text("utf-8")


class SignInFailed(Exception):
    """Signing in did not work; the message says in one sentence what was seen."""


async def sign_in(
    browser: Browser, site: Site, options: BrowserOptions, *, allow_private: bool = False
) -> dict[str, Any]:
    """Sign in with the site's credentials in a context of its own.

    Returns the storage state (cookies, local storage, IndexedDB) to start other contexts from.
    Raises `SignInFailed`.
    """
    if site.credentials is None:
        raise SignInFailed("There are no credentials to sign in with.")
    context = await browser.context(options, site, allow_private=allow_private)
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            return await _through_form(context, site, site.credentials, Guard.of(site.base_url, allow_private))
    except TimeoutError:
        raise SignInFailed(f"Signing in took longer than {TOTAL_SECONDS} s.") from None
    except Error as error:
        raise SignInFailed(f"Signing in was interrupted: {error.message.splitlines()[0]}") from error
    finally:
        await close_context(context)


async def _through_form(context: BrowserContext, site: Site, credentials: Credentials, guard: Guard) -> dict[str, Any]:
    page = await context.new_page()
    page.set_default_timeout(STEP_MS)
    await _open_form(page, site, credentials, guard)
    fields = await _fields(page, credentials)
    if fields["password"] is None and fields["username"] is not None:
        await fields["username"].fill(credentials.username)
        await _submit(fields, fields["username"])
        await page.locator("input[type=password]").first.wait_for(state="visible")
        fields = await _fields(page, credentials)
    if fields["password"] is None:
        raise SignInFailed(f"No password field was found on {page.url}.")
    if fields["username"] is not None:
        await fields["username"].fill(credentials.username)
    await fields["password"].fill(credentials.password.get_secret_value())
    await _submit(fields, fields["password"])
    await _accepted(page)
    return dict(await context.storage_state(indexed_db=True))


async def _open_form(page: Page, site: Site, credentials: Credentials, guard: Guard) -> None:
    """Go where the form is: the address given, or a link or dialog on the start page, or a usual path."""
    if credentials.login_url:
        await _goto(page, urljoin(f"{site.base_url.rstrip('/')}/", credentials.login_url), guard)
        return
    await _goto(page, site.base_url, guard)
    if await _has_form(page):
        return
    entrance = (await page.evaluate_handle(f"({SCRIPT}).entrance()")).as_element()
    if entrance is not None:
        await entrance.click()
        await settle(page, STEP_MS)
        if await _has_form(page):
            return
    for path in USUAL_PATHS:
        response = await page.goto(urljoin(site.origin, path), wait_until="load")
        if response is not None and response.status < 400:
            await settle(page, STEP_MS)
            if await _has_form(page):
                return
    raise SignInFailed(f"No sign-in form was found from {site.base_url}; set the address of the sign-in page.")


async def _goto(page: Page, url: str, guard: Guard) -> None:
    refusal = guard.refuses_url(url)
    if refusal:
        raise SignInFailed(f"The sign-in page {url} was not opened: {refusal}.")
    try:
        response = await page.goto(url, wait_until="load")
    except Error as error:
        raise SignInFailed(f"The sign-in page {url} could not be opened: {error.message.splitlines()[0]}") from error
    if response is not None and response.status >= 400:
        raise SignInFailed(f"The sign-in page {url} answered {response.status}.")
    await settle(page, STEP_MS)


async def _has_form(page: Page) -> bool:
    return await page.locator("input[type=password]:visible, input[autocomplete=username]:visible").count() > 0


async def _fields(page: Page, credentials: Credentials) -> dict[str, ElementHandle | None]:
    found = await (await page.evaluate_handle(f"({SCRIPT}).fields()")).get_properties()
    fields = {name: handle.as_element() for name, handle in found.items()}
    given = {
        "username": credentials.username_selector,
        "password": credentials.password_selector,
        "submit": credentials.submit_selector,
    }
    for name, selector in given.items():
        if selector:
            fields[name] = await page.query_selector(selector)
            if fields[name] is None and name == "username":
                raise SignInFailed(f"Nothing on {page.url} matches the {name} selector {selector}.")
    return fields


async def _submit(fields: dict[str, ElementHandle | None], field: ElementHandle) -> None:
    submit = fields["submit"]
    if submit is not None:
        await submit.click()
    else:
        await field.press("Enter")


async def _accepted(page: Page) -> None:
    """Wait until the form is gone; say what the site said when it stays."""
    before = urlsplit(page.url).path
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        await settle(page, STEP_MS)
        seen = await _verdict(page)
        if seen["code"]:
            raise SignInFailed("The site asks for a one-time code, which the credentials do not hold.")
        if not seen["password"]:
            return
        if seen["said"] or time.monotonic() > deadline:
            said = f": it says “{seen['said']}”" if seen["said"] else f": {before} still asks for the password"
            raise SignInFailed(f"The site did not accept the credentials{said}.")
        await asyncio.sleep(LOOK_SECONDS)


async def _verdict(page: Page) -> dict[str, Any]:
    try:
        return dict(await page.evaluate(f"({SCRIPT}).verdict()"))
    except Error:
        # The page is being left: look again at the next one.
        return {"password": True, "code": False, "said": ""}
