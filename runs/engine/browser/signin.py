"""Signing in to a site: through its own form, or by what HTTP offers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from playwright.async_api import ElementHandle, Error, Page
from pydantic import SecretStr

from runs.engine.browser.codes import MOST_WINDOWS, PERIOD, ClaimCode, NoCode, next_code, unlimited
from runs.engine.browser.contexts import close_context
from runs.engine.browser.freshness import learnt
from runs.engine.browser.session import Browser
from runs.engine.browser.settle import settle
from runs.engine.browser.signin_form import (
    Codes,
    SignInFailed,
    SignInForm,
    Verdict,
    asked_for,
    codes_of,
    entrance,
    form_of,
    verdict_of,
    way_in,
)
from runs.engine.browser.watch import watch
from runs.engine.inpage import hides
from runs.engine.masking.trusted_origins import address_of, may_sign_in
from runs.engine.netguard import Guard
from runs.engine.plan import BrowserOptions, CrawlOptions, Credentials, SignedInSession, Site

STEP_MS = 15_000
MOST_WAITS = 4
ANSWER_SECONDS = 10.0
LOOK_SECONDS = 0.1
# A code may have been used up elsewhere; then the next is tried, once (decision 20).
MOST_CODES = 2
TAKEN = f"Others signed in with the same one-time codes for {MOST_WINDOWS * PERIOD // 60} minutes; none was left."
CLOSED = (401, 403)
BROKEN = 500
USUAL_PATHS = ("/login", "/sign-in", "/signin", "/accounts/login/", "/users/sign_in", "/auth/login")


class SignInObserver(Protocol):
    """Who hears what a sign-in does, and sees the page where it ends."""

    def did(self, sentence: str) -> None: ...

    async def ended(self, page: Page) -> None: ...


class Silence:
    """Hears nothing."""

    def did(self, _sentence: str) -> None:
        return

    async def ended(self, _page: Page) -> None:
        return


SILENCE = Silence()


def step_ms(options: BrowserOptions) -> int:
    """How long one step may take: who gives the pages of a slow site more time gives it to its sign-in as well."""
    return max(STEP_MS, options.page_timeout_ms) if isinstance(options, CrawlOptions) else STEP_MS


async def sign_in(
    browser: Browser,
    site: Site,
    options: BrowserOptions,
    *,
    claim_code: ClaimCode | None = None,
    telling: SignInObserver = SILENCE,
) -> SignedInSession | None:
    """Sign in with the site's credentials in a context of its own; waiting for a code is extra.

    A step takes `step_ms` at most, all of it four times that.

    Returns the session to start other contexts from; None where the context itself is all that is needed, because the
    credentials go with each request. `telling` hears what is done. Raises `SignInFailed`.
    """
    credentials = site.credentials
    if credentials is None:
        raise SignInFailed("There are no credentials to sign in with.")
    context = await browser.context(options, site)
    page: Page | None = None
    seconds = MOST_WAITS * step_ms(options) // 1000
    try:
        async with asyncio.timeout(seconds) as limit:
            page = await context.new_page()
            page.set_default_timeout(step_ms(options))
            if credentials.kind != "form":
                await _let_in(page, site)
                telling.did(f"Opened {page.url} with the credentials")
                return None
            asking = _Asking(site, credentials, claim_code, limit, telling, step_ms(options))
            await _through_form(page, site, asking, browser.guard)
            # Firebase and its like keep the session in IndexedDB, which Playwright leaves out by default.
            state, ended_at = dict(await context.storage_state(indexed_db=True)), page.url
            return await learnt(browser, site, options, state=state, ended_at=ended_at)
    except TimeoutError:
        raise SignInFailed(f"Signing in took longer than {seconds} s.", passing=True) from None
    except Error as error:
        why = hides(error.message) or error.message.splitlines()[0]
        raise SignInFailed(f"Signing in was interrupted: {why}", passing=True) from error
    finally:
        if page is not None:
            await telling.ended(page)
        await close_context(context)


@dataclass(frozen=True)
class _Asking:
    """What one signs in with, and where its one-time codes come from; waiting for one is not held against the site."""

    site: Site
    credentials: Credentials
    claim: ClaimCode | None
    limit: asyncio.Timeout
    telling: SignInObserver
    step_ms: int

    @property
    def answer_seconds(self) -> float:
        """How long the site may take to say something to what was sent."""
        return max(ANSWER_SECONDS, self.step_ms / 1000)

    async def code(self, secret: SecretStr) -> str:
        try:
            async with unlimited(self.limit):
                return await next_code(secret, self.claim)
        except NoCode:
            raise SignInFailed(TAKEN) from None


async def _let_in(page: Page, site: Site) -> None:
    """The start page opens with what goes with each request."""
    response = await page.goto(site.base_url, wait_until="load")
    if response is not None and response.status in CLOSED:
        raise SignInFailed(f"The site did not accept the credentials: {site.base_url} answered {response.status}.")


async def _through_form(page: Page, site: Site, asking: _Asking, guard: Guard) -> None:
    credentials = asking.credentials
    report = asking.telling.did
    await _open_form(page, asking, guard)
    report(f"Found a sign-in form on {page.url}")
    form = await form_of(page, credentials)
    if form.password is None and form.username is not None:
        report("Gave the user name first, as the site asks for")
        form = await _after_the_name(page, form, asking)
    if form.password is None:
        raise SignInFailed(f"No password field was found on {page.url}.")
    if form.username is not None and await form.username.is_editable():
        await form.username.fill(credentials.username)
        report("Typed the user name")
    await _require_trusted(form.password, site)
    await form.password.fill(credentials.password.get_secret_value())
    report("Typed the password")
    if form.remember is not None and not await form.remember.is_checked():
        await form.remember.check()
    before = await verdict_of(page)
    if before.code and credentials.totp:
        await _fill_code(page, asking, credentials.totp)
    await _submit(form.submit, form.password)
    report("Sent the form")
    await _accepted(page, asking, before.said)
    report(f"The site took it, and shows {page.url}")
    # A page of an error has no sign-in form either, and would pass for success.
    _require_working(page)


async def _require_trusted(field: ElementHandle, site: Site) -> None:
    """Passwords and codes are typed into pages of the origins that they were entered for, and into no others."""
    refusal = may_sign_in(site, await address_of(field))
    if refusal:
        raise SignInFailed(f"The sign-in was not filled in: {refusal}. An admin can name that origin in the sign-in.")


async def _after_the_name(page: Page, form: SignInForm, asking: _Asking) -> SignInForm:
    """The form that asks for the password, once the name was given."""
    credentials = asking.credentials
    if form.username is None:
        return form
    before = await verdict_of(page)
    await form.username.fill(credentials.username)
    await _submit(form.submit, form.username)
    deadline = time.monotonic() + asking.answer_seconds
    while True:
        await settle(page, asking.step_ms)
        form = await form_of(page, credentials)
        if form.password is not None:
            return form
        said = (await verdict_of(page)).said
        if said and said != before.said:
            raise SignInFailed(f"The site did not accept the name: it says “{said}”.")
        if time.monotonic() > deadline:
            said = f"No password field was found on {page.url} after the name was given."
            raise SignInFailed(said, passing=True)
        await asyncio.sleep(LOOK_SECONDS)


async def _open_form(page: Page, asking: _Asking, guard: Guard) -> None:
    """Go where the form is: the address given, or a link or dialog on the start page, or a usual path."""
    site, credentials = asking.site, asking.credentials
    if credentials.login_url:
        await _goto(page, urljoin(f"{site.base_url.rstrip('/')}/", credentials.login_url), asking, guard)
        return
    await _goto(page, site.base_url, asking, guard)
    if await asked_for(page):
        return
    door = await entrance(page)
    if door is not None:
        await door.click()
        await settle(page, asking.step_ms)
        if await asked_for(page):
            return
        _require_working(page)
    hidden = await way_in(page) if door is None else ""
    for path in (*filter(None, [hidden]), *USUAL_PATHS):
        response = await page.goto(urljoin(site.origin, path), wait_until="load")
        if response is not None and response.status < 400:
            await settle(page, asking.step_ms)
            if await asked_for(page):
                return
    raise SignInFailed(f"No sign-in form was found from {site.base_url}; set the address of the sign-in page.")


def _require_working(page: Page) -> None:
    status = watch(page).status_of(page.url)
    if status is not None and status >= BROKEN:
        raise SignInFailed(f"The site answered the sign-in with an error, {status}.", passing=True)


async def _goto(page: Page, url: str, asking: _Asking, guard: Guard) -> None:
    refusal = guard.refuses_url(url)
    if refusal:
        raise SignInFailed(f"The sign-in page {url} was not opened: {refusal}.")
    try:
        response = await page.goto(url, wait_until="load")
    except Error as error:
        said = f"The sign-in page {url} could not be opened: {error.message.splitlines()[0]}"
        raise SignInFailed(said, passing=True) from error
    if response is not None and response.status >= 400:
        raise SignInFailed(f"The sign-in page {url} answered {response.status}.", passing=response.status >= BROKEN)
    await settle(page, asking.step_ms)


async def _submit(submit: ElementHandle | None, field: ElementHandle) -> None:
    if submit is not None:
        await submit.click()
    else:
        await field.press("Enter")


async def _accepted(page: Page, asking: _Asking, before: str) -> None:
    """Wait until the form is gone, giving one-time codes where they are asked for; say what the site said otherwise."""
    secret = asking.credentials.totp
    path = urlsplit(page.url).path
    seen = await _answer(page, asking, before, lambda seen: seen.password)
    codes = 0
    while seen.code:
        if secret is None:
            raise SignInFailed("The site asks for a one-time code, which the credentials do not hold.")
        if codes == MOST_CODES:
            said = f": it says “{seen.said}”" if seen.said else ""
            raise SignInFailed(f"The site did not accept the one-time code{said}.")
        codes += 1
        await _give_code(page, asking, secret)
        seen = await _answer(page, asking, seen.said, lambda seen: seen.code)
    if seen.password:
        said = f": it says “{seen.said}”" if seen.said else f": {path} still asks for the password"
        raise SignInFailed(f"The site did not accept the credentials{said}.")


async def _answer(page: Page, asking: _Asking, before: str, still: Callable[[Verdict], bool]) -> Verdict:
    """What the page shows when it asks for the same no more, says something new, or time is up."""
    deadline = time.monotonic() + asking.answer_seconds
    while True:
        await settle(page, asking.step_ms)
        seen = await verdict_of(page)
        # A notice that stood there before refuses nothing, unless emptied fields show that the page was sent.
        refused = bool(seen.said) and (seen.said != before or seen.blank)
        if not still(seen) or refused or time.monotonic() > deadline:
            return seen
        await asyncio.sleep(LOOK_SECONDS)


async def _give_code(page: Page, asking: _Asking, secret: SecretStr) -> None:
    """Enter a code and send it. Some forms send themselves with the last digit, and are gone before that."""
    codes = await _fill_code(page, asking, secret)
    with contextlib.suppress(Error):
        if (await verdict_of(page)).code and await codes.fields[-1].is_visible():
            await _submit(codes.submit, codes.fields[-1])


async def _fill_code(page: Page, asking: _Asking, secret: SecretStr) -> Codes:
    # Before its field is looked for: a code may be half a minute away, and the form redrawn by then.
    code = await asking.code(secret)
    codes = await codes_of(page)
    if not codes.fields:
        raise SignInFailed("The field for the one-time code was gone before the code could be entered.")
    await _require_trusted(codes.fields[0], asking.site)
    asking.telling.did("Typed a one-time code")
    texts = code if len(codes.fields) > 1 else [code]
    for field, text in zip(codes.fields, texts, strict=False):
        await field.fill(text)
    return codes
