"""When is a page done? Navigation over, DOM quiet, nothing that matters on its way."""

from __future__ import annotations

import asyncio
import contextlib

from playwright.async_api import Error, Page

from runs.engine.browser.watch import PageWatch, watch
from runs.engine.inpage import PageResists, read_page

QUIET_MS = 150
LOOK_SECONDS = 0.025

# Style changes are animation. A document without scripts, handlers and frames cannot change after it has loaded.
QUIET = """const quiet = (patience) => new Promise(done => {
  const later = setTimeout, never = clearTimeout;
  const handled = () => document.evaluate("boolean(//@*[starts-with(name(), 'on')])", document, null, 3).booleanValue;
  const moves = document.scripts.length || document.querySelector('iframe,frame,[style*=animation]') || handled();
  if (!moves) return done('true');
  let timer = later(finish, patience);
  const observer = new MutationObserver(() => { never(timer); timer = later(finish, patience); });
  const stop = observer.disconnect.bind(observer);
  function finish() { stop(); done('true'); }
  observer.observe(document, {subtree: true, childList: true, characterData: true, attributes: true,
    attributeFilter: ['class', 'hidden', 'disabled', 'open', 'aria-busy', 'aria-hidden', 'aria-expanded', 'href']});
});"""


async def settle(page: Page, cap_ms: int) -> None:
    """Return when the page has settled, after `cap_ms` milliseconds at the latest; never raises for a slow page."""
    seen = watch(page)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(cap_ms / 1000):
            while True:
                if await _quiet(page, seen):
                    return
                await asyncio.sleep(LOOK_SECONDS)


async def _quiet(page: Page, seen: PageWatch) -> bool:
    """One look: true when the DOM stayed quiet and no request began, ended or was open meanwhile.

    Of a page that no script can look at nothing more comes to be known by waiting.
    """
    if page.is_closed() or seen.crashed.is_set():
        return True
    try:
        await page.wait_for_load_state("load")
        if seen.busy():
            return False
        before = seen.last_activity
        await read_page(page, QUIET, "quiet(given)", QUIET_MS)
    except PageResists:
        return True
    except Error:
        return False
    return not seen.busy() and seen.last_activity == before
