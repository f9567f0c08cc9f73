"""Reading texts off a page, for expressions of people: none is matched in the browser, where one could run for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from playwright.async_api import Error, Locator

from runs.engine.patterns import MOST_TEXT
from runs.engine.steps.base import Stage, gone
from runs.engine.steps.matching import TextMatch

MOST_ELEMENTS = 1_000
_ONE_BY_ONE = 20
# As the browser's driver reads a text: shadow roots and the words of buttons count, scripts and styles do not. Getters
# are of the prototypes, for a field of a form may be called like one; nothing calls itself, for pages nest deep.
_TEXTS = """(elements, most) => {
  const getter = (kind, name) => Object.getOwnPropertyDescriptor(kind.prototype, name).get;
  const read = (get, node) => Reflect.apply(get, node, []);
  const first = getter(Node, 'firstChild'), next = getter(Node, 'nextSibling'), type = getter(Node, 'nodeType');
  const value = getter(Node, 'nodeValue'), tag = getter(Element, 'tagName'), shadow = getter(Element, 'shadowRoot');
  const texts = [];
  let left = most.text;
  for (let at = 0; at < elements.length && at < most.elements; at++) {
    let text = '';
    const open = [elements[at]];
    while (open.length && left > 0) {
      const node = open[open.length - 1];
      open.length -= 1;
      const kind = read(type, node);
      if (node !== elements[at]) {
        const beside = read(next, node);
        if (beside) open[open.length] = beside;
      }
      if (kind === 3) {
        const said = read(value, node);
        text += said.length > left ? said.slice(0, left) : said;
        left -= said.length;
        continue;
      }
      const name = kind === 1 ? read(tag, node) : '';
      if ((kind !== 1 && kind !== 11) || name === 'SCRIPT' || name === 'STYLE' || name === 'NOSCRIPT') continue;
      if (name === 'INPUT') {
        if (node.type === 'submit' || node.type === 'button') text += node.value;
        continue;
      }
      const root = kind === 1 ? read(shadow, node) : null, child = read(first, node);
      if (root) open[open.length] = root;
      if (child) open[open.length] = child;
    }
    texts[texts.length] = text;
  }
  return texts;
}"""


async def texts_of(located: Locator) -> list[str]:
    """All that each element says, hidden parts as well; of a page that has put its own in place of what scripts are
    written with, of the first twenty elements."""
    try:
        found = await located.evaluate_all(_TEXTS, {"text": MOST_TEXT, "elements": MOST_ELEMENTS})
        if isinstance(found, list) and all(isinstance(text, str) for text in found):
            return found
    except Error as error:
        if gone(error):
            raise
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
            if gone(error) or "strict mode violation" in str(error):
                raise
            return False

    return await stage.until(says)
