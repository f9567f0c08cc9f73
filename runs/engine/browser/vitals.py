"""Web vitals of the pages of a context: LCP, CLS, INP and TTFB, as the browser itself times them."""

from __future__ import annotations

import asyncio
import contextlib
import math
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Error, Page

from runs.engine.foreign import loaded
from runs.engine.inpage import text_of_page

SCRIPT = Path(__file__).with_name("vitals.js").read_text("utf-8")
DIGITS = {"lcp": 1, "cls": 4, "inp": 1, "ttfb": 1}
MOST_PAGES = 200
LAST_WORD_SECONDS = 1.0

LAST_WORD = """const asking = () => {
  const asked = new CustomEvent('sentri:vitals', {detail: {}});
  dispatchEvent(asked);
  return asked.detail.told;
};"""


class MeasuredVitals:
    """Fills itself while pages live. The newest word of each document counts; a change of route starts no new one."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, Any]] = {}

    def note(self, _source: object, message: Any) -> None:
        """Keep what a document says, unless it is not what the script would say."""
        said = _understood(message)
        if said and (said["key"] in self._documents or len(self._documents) < MOST_PAGES):
            self._documents[said.pop("key")] = said

    async def pages(self, open_pages: list[Page]) -> tuple[dict[str, Any], ...]:
        """An entry per page, in the order in which they were opened; those still open are asked for their last word."""
        await asyncio.gather(*[self._last_word(page) for page in open_pages if not page.is_closed()])
        return tuple(self._documents.values())

    async def _last_word(self, page: Page) -> None:
        with contextlib.suppress(Error, TimeoutError):
            self.note(page, await asyncio.wait_for(text_of_page(page, LAST_WORD, "asking()"), LAST_WORD_SECONDS))


async def measure(context: BrowserContext) -> MeasuredVitals:
    """Measure every page that the context opens from now on."""
    vitals = MeasuredVitals()
    await asyncio.gather(
        context.expose_binding("sentriVitals", vitals.note),
        context.add_init_script(SCRIPT),
    )
    return vitals


def _understood(message: Any) -> dict[str, Any] | None:
    try:
        said = loaded(message)
        page: dict[str, Any] = {"key": str(said["key"])[:60], "path": str(said["path"])[:500]}
        page |= {name: _number(said[name], digits) for name, digits in DIGITS.items()}
    except (TypeError, ValueError, KeyError):
        return None
    return page


def _number(value: Any, digits: int) -> float | None:
    if value is None:
        return None
    number = float(value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(value)
    return round(number, digits)
