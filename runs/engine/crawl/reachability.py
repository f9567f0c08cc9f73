"""Whether a site can be opened at all: name, address and port, and whether the browser trusts its encryption."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from runs.engine.browser import Browser, Error, close_context
from runs.engine.crawl.unreachable import Unvisited, diagnose, from_browser
from runs.engine.netguard import Guard
from runs.engine.plan import BrowserOptions, Site

OPEN_MS = 10_000


async def closed(ready: Callable[[], Awaitable[Browser]], site: Site, guard: Guard) -> Unvisited | None:
    """Why a site cannot be opened; None where it can."""
    return await diagnose(site.base_url, guard) or await trusted(ready, site)


async def trusted(ready: Callable[[], Awaitable[Browser]], site: Site) -> Unvisited | None:
    """Why the browser does not trust the site's encryption; None where it does, or where there is none.

    `ready` gives a browser, and is only asked for one where there is encryption.
    """
    if not site.base_url.lower().startswith("https:"):
        return None
    # Python trusts other authorities than the browser does, and would call open sites closed (decision 35).
    context = await (await ready()).context(BrowserOptions(), site)
    try:
        page = await context.new_page()
        await page.goto(site.base_url, wait_until="commit", timeout=OPEN_MS)
    except Error as error:
        found = from_browser(site.base_url, error.message, OPEN_MS / 1000)
        return found if found.category == "tls" else None
    finally:
        await close_context(context)
    return None
