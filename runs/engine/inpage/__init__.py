"""Reading a page by a script of ours, whatever the page has done to what scripts are written with.

All that we run in a page goes through here, but for what `*.js` keep for themselves before the page's scripts run.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, ElementHandle, Error, Frame, Locator, Page, Playwright

from runs.engine.deaths import page_gone
from runs.engine.foreign import loaded

# Members of nodes that a form's field, or an image with a name, can hide. Those that plain values have as well are not
# among them: what a script says of a page has names, types and values too.
# fmt: off
MEMBERS = (
    "append", "appendChild", "assignedNodes", "attributes", "baseURI", "body", "checkVisibility", "childNodes",
    "children", "cloneNode", "closest", "compareDocumentPosition", "contains", "cookie", "createElement",
    "createTreeWalker", "dataset", "defaultView", "documentElement", "elementFromPoint", "elements", "evaluate",
    "firstChild", "firstElementChild", "getAttribute", "getBoundingClientRect", "getClientRects", "getElementById",
    "getRootNode", "hasAttribute", "host", "id", "inert", "innerText", "localName", "matches", "nextElementSibling",
    "nextSibling", "nodeType", "nodeValue", "ownerDocument", "parentElement", "parentNode", "previousElementSibling",
    "querySelector", "querySelectorAll", "scripts", "scrollHeight", "scrollingElement", "setAttribute", "shadowRoot",
    "tagName", "textContent", "title",
)
# fmt: on
# Not behind dots that spread what stands in a variable of such a name.
_MEMBER = re.compile(rf"(?<!\.)(\?)?\.({'|'.join(MEMBERS)})\b")
_ENDS = (
    "context was destroyed",
    "navigat",
    "Timeout",
    "detached",
    "not attached",
)
_ENGINE = "sentri"


_HIDDEN = re.compile(r"TypeError: (?:[\w$]+\.)*([\w$]+) is not a function")


class PageResists(Error):
    """A page cannot be read by scripts, for it has replaced what they are written with; the message is one sentence."""


def know_places(playwright: Playwright) -> Any:
    """Elements can be taken hold of by the places that scripts give; awaited before the first context is opened."""
    return playwright.selectors.register(_ENGINE, f"({_text('places.js')})()", content_script=True)


async def keep_originals(context: BrowserContext) -> None:
    """Pages that are opened in the context from now on can be read whatever they replace."""
    await context.add_init_script(_text("originals.js").replace("NAMES)", f"{json.dumps(MEMBERS)})"))


async def read_page(page: Page | Frame, script: str, call: str, given: Any = None) -> Any:
    """What `call` gives, an expression over `given` and what the script defines, as a value of JSON.

    Raises `PageResists`, and what the driver raises where the page is gone.
    """
    return loaded(await text_of_page(page, script, call, given))


async def text_of_page(page: Page | Frame, script: str, call: str, given: Any = None) -> str:
    """As `read_page`, the text of the JSON. Where `call` gives a promise it is of such a text."""
    frame = page.main_frame if isinstance(page, Page) else page
    # As the page was before its own scripts ran; where it was opened without that, as it is.
    for function in (_unhidden(script, call), _as_it_is(script, call)):
        try:
            found = await frame.evaluate(function, given)
        except Error as error:
            if page_gone(error) or any(sign in error.message for sign in _ENDS):
                raise
            # The driver's own script in the page needs what the page has replaced; the browser itself does not.
            found = await _by_the_browser(frame, f"({function})({json.dumps(given)})")
        if isinstance(found, str):
            return found
    raise PageResists(_resists("what it answers is no text"))


async def read_elements(located: Locator, script: str, call: str, given: Any = None) -> Any:
    """As `read_page`, with the `elements` that are located now. Raises `PageResists` also where the driver fails."""
    try:
        found = await located.evaluate_all(_unhidden(script, call, "elements, "), given)
    except Error as error:
        if page_gone(error) or any(sign in error.message for sign in _ENDS):
            raise
        raise PageResists(_resists(error.message.partition(": ")[2] or error.message)) from error
    if not isinstance(found, str):
        raise PageResists(_resists("what it answers is no text"))
    return loaded(found)


async def hold(frame: Frame, place: str | None) -> ElementHandle | None:
    """The element at a place that a script gave by `placeOf`; None where there is none like it any more."""
    return await frame.query_selector(f"{_ENGINE}={place}") if place else None


def hides(message: str) -> str:
    """What a page does to the driver, of an error of the driver's; nothing where the error is about something else.

    The driver's own script looks for elements, and asks forms by names that a field can take from them.
    """
    found = _HIDDEN.search(message)
    if found is None:
        return ""
    return (
        f"the page has a field or a picture called “{found[1]}”, which hides the function of that name from the"
        " browser's driver, so that no element can be found or used"
    )


async def _by_the_browser(frame: Frame, expression: str) -> Any:
    session, there = await _session(frame)
    try:
        command = {
            "expression": expression,
            "returnByValue": True,
            "awaitPromise": True,
            **(await _context(session, there)),
        }
        answer = await session.send("Runtime.evaluate", command)
    finally:
        with suppress(Error):
            await session.detach()
    if "exceptionDetails" in answer:
        thrown = answer["exceptionDetails"].get("exception", {})
        raise PageResists(_resists(str(thrown.get("description") or thrown.get("value") or "an error")))
    return answer["result"].get("value")


async def _session(frame: Frame) -> tuple[CDPSession, Frame | None]:
    """A session, and the frame that is to be looked for in it where it is not the one that the session is about."""
    page = frame.page
    if frame is page.main_frame:
        return await page.context.new_cdp_session(page), None
    with suppress(Error):
        return await page.context.new_cdp_session(frame), None
    return await page.context.new_cdp_session(page), frame


async def _context(session: CDPSession, frame: Frame | None) -> dict[str, int]:
    """Where in a session the scripts of a frame run. Frames of one address are told apart by their order."""
    if frame is None:
        return {}
    made: list[dict[str, Any]] = []
    session.on("Runtime.executionContextCreated", lambda event: made.append(event["context"]))
    await session.send("Runtime.enable")
    alike = [candidate for candidate in frame.page.frames if candidate.url == frame.url]
    for context in [context for context in made if context["auxData"]["isDefault"]]:
        command = {"expression": "location.href", "returnByValue": True, "contextId": context["id"]}
        if (await session.send("Runtime.evaluate", command))["result"].get("value") == frame.url and alike.pop(
            0
        ) is frame:
            return {"contextId": context["id"]}
    raise PageResists(_resists("a frame of it is out of reach"))


def _resists(why: str) -> str:
    what = " ".join(why.split("\n", 1)[0].split())[:120]
    return f"The page cannot be read, for it has replaced what scripts are written with: {what}"


@cache
def _unhidden(script: str, call: str, first: str = "") -> str:
    symbols = ", ".join(f'${name} = Symbol.for("sentri.{name}")' for name in MEMBERS)
    body, expression = (
        _MEMBER.sub(lambda found: f"{'?.' if found[1] else ''}[${found[2]}]", part) for part in (script, call)
    )
    return f"""({first}given) => typeof __sentri !== "function" ? null : __sentri(() => {{
      const {symbols};
      {body}
      return {expression};
    }})"""


def _as_it_is(script: str, call: str) -> str:
    answer = "found instanceof Promise ? found : JSON.stringify(found) ?? 'null'"
    return f"(given) => {{ {script}\nconst found = {call}; return {answer}; }}"


@cache
def _text(name: str) -> str:
    return files("runs.engine.inpage").joinpath(name).read_text(encoding="utf-8")
