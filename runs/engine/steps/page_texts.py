"""Reading texts off a page, for expressions of people: none is matched in the browser, where one could run for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from playwright.async_api import Error, Locator

from runs.engine.deaths import page_gone
from runs.engine.inpage import PageResists, read_elements
from runs.engine.patterns import MOST_TEXT
from runs.engine.steps.base import Stage
from runs.engine.steps.matching import TextMatch

MOST_ELEMENTS = 1_000
_ONE_BY_ONE = 20
# As the browser's driver reads a text: shadow roots and the words of buttons count, scripts and styles do not. Nothing
# calls itself, for pages nest deep.
_TEXTS = """const textsOf = (elements, most) => {
  const texts = [];
  let left = most.text;
  for (const element of elements.slice(0, most.elements)) {
    let text = '';
    const open = [element];
    while (open.length && left > 0) {
      const node = open.pop(), kind = node.nodeType;
      if (node !== element && node.nextSibling) open.push(node.nextSibling);
      if (kind === 3) {
        const said = node.nodeValue;
        text += said.slice(0, left);
        left -= said.length;
        continue;
      }
      const name = kind === 1 ? node.tagName : '';
      if ((kind !== 1 && kind !== 11) || name === 'SCRIPT' || name === 'STYLE' || name === 'NOSCRIPT') continue;
      if (name === 'INPUT') {
        if (node.type === 'submit' || node.type === 'button') text += node.value;
        continue;
      }
      if (kind === 1 && node.shadowRoot) open.push(node.shadowRoot);
      if (node.firstChild) open.push(node.firstChild);
    }
    texts.push(text);
  }
  return texts;
};"""


async def texts_of(located: Locator) -> list[str]:
    """All that each element says, hidden parts as well; of a page that has put its own in place of what scripts are
    written with, of the first twenty elements."""
    try:
        limits = {"text": MOST_TEXT, "elements": MOST_ELEMENTS}
        return [str(text) for text in await read_elements(located, _TEXTS, "textsOf(elements, given)", limits)]
    except PageResists:
        pass
    number = min(await located.count(), _ONE_BY_ONE)
    return [await located.nth(at).text_content() or "" for at in range(number)]


async def comes_to_say(stage: Stage, match: TextMatch, read: Callable[[], Awaitable[Iterable[str]]]) -> bool:
    """Whether one of the texts that `read` reads fits `matches` before the step's time is over."""

    async def says() -> bool:
        try:
            async with asyncio.timeout(stage.timeout_ms / 1000):
                return any(match.holds(text) for text in await read())
        except TimeoutError:
            return False
        except Error as error:
            # An element that goes away while it is read is an error of the driver as well: it is looked for again.
            if page_gone(error) or "strict mode violation" in str(error):
                raise
            return False

    return await stage.until(says)
