"""Whether a session still holds: its page is opened with it, and looked at for what only the signed-in see."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urljoin, urlsplit

from playwright.async_api import Error

from runs.engine.browser.contexts import close_context
from runs.engine.browser.session import Browser
from runs.engine.browser.settle import settle
from runs.engine.browser.signin_form import SignInFailed, View, view_of
from runs.engine.plan import BrowserOptions, SignedInSession, Site

VIEW_MS = 10_000
SETTLE_MS = 3_000
MOST_SIGNS = 20


async def learnt(
    browser: Browser,
    site: Site,
    options: BrowserOptions,
    *,
    state: dict[str, Any],
    ended_at: str,
) -> SignedInSession:
    """The session of a sign-in that ended at an address, with what tells its page from what a visitor gets there.

    Raises `SignInFailed` where a new window with the state is a visitor again.
    """
    page = _without_query(ended_at) if ended_at.startswith(f"{site.origin}/") else site.base_url
    member, visitor = await asyncio.gather(
        view(browser, site, options, page, state),
        view(browser, site, options, page, None),
    )
    # Without both views nothing shows later whether it holds, so it is used but not kept (decision 20).
    if member is None or visitor is None:
        return SignedInSession(state=state, page=page)
    signs = sorted(member.names - visitor.names)[:MOST_SIGNS]
    moved = member.address != visitor.address
    if member.asks and visitor.asks and not moved and not signs:
        raise SignInFailed(
            "The site accepts the sign-in and forgets it in the next window: it keeps it in one tab only"
            " (sessionStorage or memory), and other windows cannot be given that."
        )
    closed = moved or (visitor.asks and not member.asks)
    return SignedInSession(state=state, page=urljoin(page, member.address), signs=tuple(signs), closed=closed)


async def holds(browser: Browser, site: Site, options: BrowserOptions, session: SignedInSession) -> bool:
    """Whether the session is still one, as far as its page tells; one that cannot be told is none."""
    seen = await view(browser, site, options, session.page, session.state)
    if seen is None or not session.tells or urljoin(session.page, seen.address) != session.page:
        return False
    if session.signs:
        return not seen.names.isdisjoint(session.signs)
    return not seen.asks


async def view(
    browser: Browser,
    site: Site,
    options: BrowserOptions,
    address: str,
    state: dict[str, Any] | None,
) -> View | None:
    """The page at an address in a fresh context; None where it does not open."""
    context = await browser.context(options, site, state=state)
    try:
        page = await context.new_page()
        page.set_default_timeout(VIEW_MS)
        await page.goto(address, wait_until="load")
        await settle(page, SETTLE_MS)
        return await view_of(page)
    except Error:
        return None
    finally:
        await close_context(context)


def _without_query(url: str) -> str:
    """Its path, and its client-side route where it has one: the rest may be good for once."""
    parts = urlsplit(url)
    route = f"#{parts.fragment}" if parts.fragment.startswith(("/", "!/")) else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}{route}"
