"""What only the site gets: headers, added per request and per redirect hop, and answers to its HTTP challenge."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from playwright.async_api import BrowserContext, Error, Page

from runs.engine.plan import Site


def http_credentials(site: Site) -> dict[str, str] | None:
    """Name and password for the site's own challenge, as contexts take them; other origins get no answer."""
    account = site.credentials
    if account is None or account.kind != "basic":
        return None
    return {"username": account.username, "password": account.password.get_secret_value(), "origin": site.origin}


async def send_headers(context: BrowserContext, site: Site) -> None:
    """Every page of `context` sends the site's headers to the site's origin.

    Playwright's own routes would carry a header over a redirect to another origin; the protocol underneath asks
    again at each hop. The first request of a window that a page opens by itself is sent without them.
    """
    open_page = context.new_page
    armed: set[Page] = set()

    async def arm(page: Page) -> None:
        if page not in armed:
            armed.add(page)
            await _add_to_page(page, site)

    async def new_page() -> Page:
        page = await open_page()
        await arm(page)
        return page

    async def popup(page: Page) -> None:
        if await page.opener() is not None:
            with contextlib.suppress(Error):
                await arm(page)

    # The caller's first goto must find the headers in place, and the "page" event comes too late for that.
    context.new_page = new_page  # type: ignore[method-assign]
    context.on("page", popup)


async def _add_to_page(page: Page, site: Site) -> None:
    session = await page.context.new_cdp_session(page)
    ours = {name.lower() for name in site.sent_headers}
    added = [{"name": name, "value": value} for name, value in site.sent_headers.items()]
    resuming: set[asyncio.Task[None]] = set()

    async def resume(event: dict[str, Any]) -> None:
        # `headers` of Fetch.continueRequest replaces all headers of the request, the browser's own as well.
        kept = [
            {"name": name, "value": value}
            for name, value in event["request"]["headers"].items()
            if name.lower() not in ours
        ]
        with contextlib.suppress(Error):
            await session.send("Fetch.continueRequest", {"requestId": event["requestId"], "headers": kept + added})

    def paused(event: dict[str, Any]) -> None:
        task = asyncio.ensure_future(resume(event))
        resuming.add(task)
        task.add_done_callback(resuming.discard)

    session.on("Fetch.requestPaused", paused)
    await session.send("Fetch.enable", {"patterns": [{"urlPattern": f"{site.origin}/*"}]})
