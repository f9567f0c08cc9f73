"""Reading a page by a script of ours, whatever the page has done to what scripts are written with."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any

from playwright.async_api import BrowserContext, Error, Page

from runs.engine.foreign import loaded

# Members of nodes that a form's field, or an image with a name, can hide. Those that plain values have as well are not
# among them: what a script says of a page has names, types and values too.
# fmt: off
MEMBERS = (
    "assignedNodes", "baseURI", "body", "checkVisibility", "childNodes", "children", "cloneNode", "closest",
    "compareDocumentPosition", "contains", "dataset", "defaultView", "documentElement", "elementFromPoint", "elements",
    "firstElementChild", "getAttribute", "getBoundingClientRect", "getClientRects", "getElementById", "getRootNode",
    "hasAttribute", "id", "inert", "innerText", "localName", "matches", "nextElementSibling", "nodeType", "nodeValue",
    "ownerDocument", "parentElement", "previousElementSibling", "querySelector", "querySelectorAll", "scripts",
    "scrollingElement", "shadowRoot", "tagName", "textContent",
)
# fmt: on
_MEMBER = re.compile(rf"(\?)?\.({'|'.join(MEMBERS)})\b")
_ENDS = (
    "has been closed",
    "crashed",
    "Connection closed",
    "Target closed",
    "context was destroyed",
    "navigat",
    "Timeout",
)


class PageResists(Error):
    """A page cannot be read by scripts, for it has replaced what they are written with; the message is one sentence."""


async def keep_originals(context: BrowserContext) -> None:
    """Pages that are opened in the context from now on can be read whatever they replace."""
    await context.add_init_script(_originals())


async def read_page(page: Page, script: str, call: str, given: Any = None) -> Any:
    """What `call` gives, an expression over `given` and what the script defines, as a value of JSON.

    Raises `PageResists`, and what the driver raises where the page is gone.
    """
    # As the page was before its own scripts ran; where it was opened without that, as it is.
    for function in (_unhidden(script, call), f"(given) => {{ {script}\nreturn JSON.stringify({call}); }}"):
        found = await _evaluated(page, function, given)
        if isinstance(found, str):
            return loaded(found)
    raise PageResists(_resists("what it answers is no text"))


async def _evaluated(page: Page, function: str, given: Any) -> Any:
    try:
        return await page.evaluate(function, given)
    except Error as error:
        if any(sign in error.message for sign in _ENDS):
            raise
    # The driver's own script in the page needs what the page has replaced; the browser itself does not.
    session = await page.context.new_cdp_session(page)
    try:
        asked = {"expression": f"({function})({json.dumps(given)})", "returnByValue": True}
        answer = await session.send("Runtime.evaluate", asked)
    finally:
        with suppress(Error):
            await session.detach()
    if "exceptionDetails" in answer:
        thrown = answer["exceptionDetails"].get("exception", {})
        raise PageResists(_resists(str(thrown.get("description") or thrown.get("value") or "an error")))
    return answer["result"].get("value")


def _resists(why: str) -> str:
    what = " ".join(why.split("\n", 1)[0].split())[:120]
    return f"The page cannot be read, for it has replaced what scripts are written with: {what}"


@cache
def _unhidden(script: str, call: str) -> str:
    symbols = ", ".join(f'${name} = Symbol.for("sentri.{name}")' for name in MEMBERS)
    body = _MEMBER.sub(lambda found: f"{'?.' if found[1] else ''}[${found[2]}]", script)
    return f"""(given) => typeof __sentri !== "function" ? null : __sentri(() => {{
      const {symbols};
      {body}
      return {call};
    }})"""


@cache
def _originals() -> str:
    text = files("runs.engine.browser").joinpath("originals.js").read_text(encoding="utf-8")
    return text.replace("NAMES)", f"{json.dumps(MEMBERS)})")
