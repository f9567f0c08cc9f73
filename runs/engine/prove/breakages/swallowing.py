"""Events of a page that come to nothing."""

from __future__ import annotations

import contextlib

from runs.engine.browser import Error, Page
from runs.engine.steps.base import Stage

SWALLOW = """([kinds, lasting]) => {
  window.__swallowed = 0;
  const swallow = event => {
    if (event.type === 'keydown' && event.key !== 'Enter') return;
    event.preventDefault();
    event.stopImmediatePropagation();
    window.__swallowed++;
    if (!lasting) kinds.forEach(kind => removeEventListener(kind, swallow, true));
  };
  kinds.forEach(kind => addEventListener(kind, swallow, true));
}"""


async def swallow(stage: Stage, *kinds: str, lasting: bool = False) -> None:
    """From now on the next event of these kinds comes to nothing; all of them, where it is lasting."""
    with contextlib.suppress(Error):
        await stage.page.evaluate(SWALLOW, [list(kinds), lasting])


async def count_swallowed(page: Page) -> int:
    """How many events came to nothing; the page is still the one that they were swallowed on."""
    with contextlib.suppress(Error):
        return int(await page.evaluate("() => window.__swallowed || 0"))
    return 0
