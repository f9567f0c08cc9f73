"""Pages that fight back: what each does to the scripts that are put into it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright

from runs.engine.crawl.offers import listening
from runs.engine.inpage import keep_originals, know_places

OVERRIDING = """<script>
  Array.prototype.map = () => { throw 1 }; Array.from = () => []; JSON.stringify = () => 'x'; Object.keys = null;
  window.Map = function () { throw 2 }; window.Set = null; Array.prototype.filter = null; Math.max = null;
  String.prototype.replace = null; RegExp.prototype.test = null; window.getComputedStyle = null;
  document.querySelector = () => null; Document.prototype.querySelectorAll = () => [];
  Element.prototype.getAttribute = null; Element.prototype.matches = () => true; Reflect.ownKeys = null;
  Array.prototype[Symbol.iterator] = null; window.Symbol = null; window.eval = null;
  Object.defineProperty = null; Object.getOwnPropertyDescriptor = null; Reflect.apply = null;
</script>"""
OLD_LIBRARY = """<script>
  Array.prototype.toJSON = function () { return 'x' }; String.prototype.toJSON = function () { return 'y' };
  Object.prototype.toJSON = function () { return 1 }; Object.prototype.extra = function () {};
  Array.from = (list) => [].slice.call(list);
</script>"""
CALLS = """<script>
  Function.prototype.call = () => 1; Function.prototype.apply = () => 2; Function.prototype.bind = () => null;
  Reflect.construct = null; Set.prototype.has = () => { throw 3 }; Function.prototype.toString = null;
</script>"""
TIMES = """<script>
  window.setTimeout = () => 0; window.clearTimeout = null; window.requestAnimationFrame = () => 0;
  window.MutationObserver = function () { throw 4 }; window.Promise = function () { throw 5 };
  window.PerformanceObserver = null; window.performance = { now: () => NaN };
</script>"""
OBSERVERS = """<script>
  MutationObserver.prototype.observe = () => {}; MutationObserver.prototype.disconnect = () => { throw 6 };
  Promise.prototype.then = () => { throw 7 }; Promise.resolve = null;
</script>"""
GETTERS = """<script>
  const lies = (kind, ...names) => names.forEach((name) =>
    Object.defineProperty(kind.prototype, name, { configurable: true, get() { throw 8 } }));
  lies(Node, 'parentNode', 'parentElement', 'childNodes', 'nodeType', 'textContent', 'ownerDocument', 'firstChild');
  lies(Element, 'children', 'localName', 'tagName', 'shadowRoot', 'attributes', 'id');
  lies(HTMLElement, 'innerText', 'dataset'); lies(Document, 'body', 'documentElement', 'title');
  lies(HTMLInputElement, 'type', 'value', 'form', 'labels', 'name');
</script>"""
NAMES = [
    "querySelectorAll",
    "querySelector",
    "attributes",
    "getAttribute",
    "hasAttribute",
    "matches",
    "closest",
    "parentElement",
    "parentNode",
    "children",
    "childNodes",
    "firstElementChild",
    "firstChild",
    "nextSibling",
    "tagName",
    "localName",
    "nodeType",
    "id",
    "action",
    "method",
    "elements",
    "name",
    "checkVisibility",
    "contains",
    "getRootNode",
    "ownerDocument",
    "textContent",
    "innerText",
    "shadowRoot",
    "previousElementSibling",
    "labels",
    "form",
    "title",
    "dataset",
    "disabled",
    "host",
    "value",
    "type",
]
HIDING = "".join(f"<input type=hidden name={name}>" for name in NAMES)
CLOBBERING = f"<form action=/clobbered>{HIDING}<button>Send this</button></form>" + (
    "".join(f"<img name={name} src=data:,>" for name in [*NAMES, "evaluate", "createElement", "cookie"])
    + "<form name=body></form><form name=documentElement></form><form name=scripts></form><embed name=getElementById>"
)
HOSTILE = {
    "overridden": OVERRIDING,
    "old library": OLD_LIBRARY,
    "calls": CALLS,
    "times": TIMES,
    "observers": OBSERVERS,
    "getters": GETTERS,
    "clobbered": CLOBBERING,
    "all": OVERRIDING + CALLS + TIMES + GETTERS + CLOBBERING,
}
UNREADABLE = """<script>
  Object.defineProperty(Array.prototype, 'map', {configurable: false, get() { throw 7 }});
</script>"""


@asynccontextmanager
async def launched(browser_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        await know_places(playwright)
        browser = await playwright.chromium.launch(executable_path=browser_path)
        yield browser
        await browser.close()


@asynccontextmanager
async def opened(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A context as pages of tested sites are opened in."""
    context = await browser.new_context()
    await keep_originals(context)
    await context.add_init_script(listening())
    yield context
    await context.close()


async def put(page: Page, body: str) -> None:
    document = f"<!doctype html><html lang=en><meta charset=utf-8><title>A page</title><body>{body}"

    async def answer(route: Route) -> None:
        await route.fulfill(body=document, content_type="text/html; charset=utf-8")

    await page.route("**/*", answer)
    await page.goto("http://shop.test/")
