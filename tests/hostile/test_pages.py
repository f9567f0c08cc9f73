"""Pages that fight back, in a real browser: they are read all the same, or told as what they are."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page, Route

from runs.engine.browser import PageResists, read_page, settle, watch
from runs.engine.crawl import page_visit
from runs.engine.crawl.offers import offered
from runs.engine.crawl.page_visit import settled, visit
from runs.engine.crawl.snapshot import look
from runs.engine.crawl.unreachable import Unvisited
from runs.engine.netguard import Guard
from runs.engine.page.look import SCRIPT, Look
from tests.hostile.hostile import CLOBBERING, HOSTILE, OVERRIDING, UNREADABLE, opened, put

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

BODY = """<h1>Shop</h1><form action=/go><label>Name <input name=n></label><button>Send</button></form>
  <a href=/x>Exit</a><button onclick="go()">Press</button>"""


@pytest_asyncio.fixture(loop_scope="module")
async def page(chromium: Browser) -> AsyncIterator[Page]:
    async with opened(chromium) as context:
        yield await context.new_page()


@pytest.mark.parametrize("more", HOSTILE.values(), ids=HOSTILE)
async def test_a_page_is_read_whatever_it_replaces(page: Page, more: str) -> None:
    await put(page, BODY + more)
    shown = await look(page)
    assert [heading.text for heading in shown.headings] == ["Shop"]
    assert "Send" in [form.submit for form in shown.forms]
    assert [link.text for link in shown.links] == ["Exit"]
    assert "Press" in [offer.name for offer in (await offered(page)).offers]
    looked = Look.model_validate(await read_page(page, SCRIPT, "look()"))
    assert [heading.text for heading in looked.headings] == ["Shop"]


async def test_what_a_page_replaced_is_its_own_again_afterwards(page: Page) -> None:
    await put(page, BODY + "<script>Array.from = 7; document.querySelector = 8; Array.prototype.toJSON = 9</script>")
    await look(page)
    assert await page.evaluate("[Array.from, document.querySelector, Array.prototype.toJSON].join()") == "7,8,9"


async def test_a_page_that_cannot_be_read_is_told_as_what_it_is(page: Page) -> None:
    await put(page, BODY + UNREADABLE)
    with pytest.raises(PageResists, match="has replaced what scripts are written with"):
        await look(page)
    with pytest.raises(Unvisited, match=r"http://shop.test/: The page cannot be read") as told:
        await settled(page, "http://shop.test/", 500)
    assert told.value.category == "not_a_page"


async def test_half_of_a_character_and_nul_lose_nothing_but_themselves(page: Page) -> None:
    script = r"""<script>
      const say = (at, text) => document.querySelector(at).textContent = text;
      document.title = 'a\udc00b'; say('h1', 'Hi \ud83d'); say('a', 'x\0y'); say('label', '\ud800');
      document.querySelector('a').href = '/\ud800';
    </script>"""
    await put(page, BODY + script)
    shown = await look(page)
    assert (shown.title, shown.headings[0].text) == ("a\ufffdb", "Hi \ufffd")
    for text in (shown.title, *(link.text for link in shown.links), *(action.name for action in shown.actions)):
        assert "\0" not in text
        text.encode()
    Look.model_validate(await read_page(page, SCRIPT, "look()"))


async def test_what_is_nested_without_end_is_read(page: Page) -> None:
    nesting = """<div id=host></div><script>
      const made = (name) => document.createElement(name);
      for (let n = 0, at = host; n < 300; n++) {
        const inner = made('div');
        at.attachShadow({mode: 'open'}).append(inner);
        at = inner;
      }
      let list = document.body.appendChild(made('ul'));
      for (let n = 0; n < 300; n++) {
        const item = list.appendChild(made('li'));
        item.append(n);
        list = item.appendChild(made('ul'));
      }
    </script>"""
    await put(page, BODY + nesting)
    assert [heading.text for heading in (await look(page)).headings] == ["Shop"]
    assert "Press" in [offer.name for offer in (await offered(page)).offers]


ROOTS = """<div id=host></div><script>
  for (let n = 0, at = host; n < 3000; n++) {
    const inner = document.createElement('div');
    at.attachShadow({mode: 'open'}).append(inner);
    at = inner;
  }
</script>"""
MOVES = "for (let n = 0; n < 50; n++) location.hash = n; history.pushState(1, '', '/' + Math.random())"
READ = "A page"
ANEW = "timeout: http://shop.test/ loads itself anew again and again, and never stays."
# Where each load stops the one before, none may ever be done, or it is read before it goes: which of these is seen
# depends on how fast the browser and the machine are.
NEVER_DONE = "timeout: http://shop.test/ did not finish loading within 4 s."
CRASHED = "crash: The browser tab crashed on http://shop.test/."
RESTLESS = {
    "refreshes": ("<meta http-equiv=refresh content=0>" + BODY, {READ, ANEW, NEVER_DONE}),
    "reloads": (BODY + "<script>location.reload()</script>", {READ, ANEW, NEVER_DONE}),
    "reloads on and on": (BODY + "<script>setInterval(() => location.reload(), 5)</script>", {READ, ANEW, NEVER_DONE}),
    "changes its address": (f"{BODY}<script>{MOVES}</script>", {READ}),
    "3,000 shadow roots": (ROOTS, {READ, CRASHED}),
}


@pytest.mark.parametrize(("body", "sentences"), RESTLESS.values(), ids=RESTLESS)
async def test_a_page_that_never_stays_is_told_as_what_it_is(page: Page, body: str, sentences: set[str]) -> None:
    async def answer(route: Route) -> None:
        await route.fulfill(body=f"<!doctype html><title>A page</title>{body}", content_type="text/html")

    await page.route("**/*", answer)
    assert await read_or_told(page) in sentences


async def test_a_page_that_goes_away_whenever_it_is_read_loads_itself_anew(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_: Page) -> None:
        raise Error("Execution context was destroyed, most likely because of a navigation")

    monkeypatch.setattr(page_visit, "look", gone)
    await page.route("**/*", lambda route: route.fulfill(body=BODY, content_type="text/html"))
    assert await read_or_told(page) == ANEW


async def read_or_told(page: Page) -> str:
    try:
        visited = await visit(page, "http://shop.test/", watch(page), Guard.allowing(""), 4_000)
    except Unvisited as failure:
        return f"{failure.category}: {failure}"
    return visited.shown.title


async def test_a_page_that_settles_never_holds_nobody_up(page: Page) -> None:
    await put(page, BODY + CLOBBERING + OVERRIDING)
    await settle(page, 500)
