"""How good the network of a context's pages is. Requests that the driver makes for api steps are not slowed down."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from playwright.async_api import BrowserContext, Error, Page

from runs.engine.plan import Network

Conditions = Mapping[str, float | bool]
THROTTLED: Mapping[Network, Conditions] = {
    "slow3g": {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000},
}


async def restrict(context: BrowserContext, network: Network) -> None:
    """From now on pages of the context have this network. A window that a page opens is slowed down once it is open."""
    if network == "offline":
        # One mechanism for each: after throttling over the protocol, set_offline would do nothing.
        await context.set_offline(True)
    elif network in THROTTLED:
        conditions = THROTTLED[network]
        open_page = context.new_page

        async def new_page() -> Page:
            page = await open_page()
            await _throttle(page, conditions)
            return page

        async def popup(page: Page) -> None:
            with contextlib.suppress(Error):
                if await page.opener() is not None:
                    await _throttle(page, conditions)

        context.new_page = new_page  # type: ignore[method-assign]
        context.on("page", popup)


async def _throttle(page: Page, conditions: Conditions) -> None:
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.emulateNetworkConditions", dict(conditions))
