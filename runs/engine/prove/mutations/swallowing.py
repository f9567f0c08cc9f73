"""Events of a page that come to nothing."""

from __future__ import annotations

import contextlib

from runs.engine.browser import Error, Page, read_page
from runs.engine.steps.base import Stage

# On the window and while events come down, so that nothing in the page hears them before. What the listener needs is
# kept when it is made, for the page may replace it later (decision 29).
SWALLOW = """const swallow = ([kinds, lasting]) => {
  let taken = false;
  window.__swallowed = 0;
  const { preventDefault: prevent, stopImmediatePropagation: stop } = Event.prototype, { apply } = Reflect;
  const take = event => {
    if (taken || event.type === 'keydown' && event.key !== 'Enter') return;
    apply(prevent, event, []);
    apply(stop, event, []);
    window.__swallowed++;
    taken = !lasting;
  };
  kinds.forEach(kind => addEventListener(kind, take, true));
  window.__release = () => { kinds.forEach(kind => removeEventListener(kind, take, true)); return true; };
  return true;
};"""


async def swallow(stage: Stage, *kinds: str, lasting: bool = False) -> None:
    """From now on the next event of these kinds comes to nothing; all of them, where it is lasting."""
    with contextlib.suppress(Error):
        await read_page(stage.page, SWALLOW, "swallow(given)", [list(kinds), lasting])


async def count_swallowed(page: Page) -> int:
    """How many events came to nothing; the page is still the one that they were swallowed on."""
    with contextlib.suppress(Error):
        return int(await read_page(page, "", "window.__swallowed || 0"))
    return 0


async def release(page: Page) -> None:
    """What `swallow` has begun on this page ends."""
    with contextlib.suppress(Error):
        await read_page(page, "", "window.__release ? window.__release() : false")
