"""Each script that is put into pages, on each hostile page: it reads all the same, or one sentence says why not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page
from pydantic import SecretStr

from runs.engine.browser import measure, settle, watch
from runs.engine.browser.signin_form import asked_for, codes_of, entrance, form_of, verdict_of, view_of, way_in
from runs.engine.crawl.cleaning import Removers
from runs.engine.crawl.offers import offered
from runs.engine.crawl.offers import script as crawl_script
from runs.engine.crawl.reaching import KEPT
from runs.engine.crawl.snapshot import look
from runs.engine.inpage import PageResists, read_elements, read_page
from runs.engine.page.look import SCRIPT, Look
from runs.engine.plan import Credentials
from runs.engine.prove.mutations.emptied_main import EMPTY
from runs.engine.prove.mutations.removed_element import REMOVE
from runs.engine.prove.mutations.swallowing import SWALLOW
from runs.engine.prove.touched import FACTS
from runs.engine.steps.page_texts import texts_of
from runs.engine.steps.quiet import ONE_TURN
from runs.engine.steps.scroll import TO
from runs.engine.steps.seeing import NAMES
from tests.engine.conftest import limits_of_settling
from tests.hostile.hostile import HOSTILE, UNREADABLE, opened, put

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FRAMED = "<form action=/framed><label>Inside <input name=inside></label><button>Send inside</button></form>"
BODY = """<h1>Shop</h1><form action=/enter><label>User name <input name=user></label>
  <label>Password <input type=password name=secret></label><button>Sign in</button></form>
  <p role=alert>Wrong password</p><main><p>Words</p><div id=heard>Only heard</div></main>
  <div style="height: 3000px"></div><a href=/login>Log in</a>
  <script>heard.addEventListener('click', () => {})</script>"""
CREDENTIALS = Credentials(username="ada", password=SecretStr("pass"))


@pytest_asyncio.fixture(loop_scope="module")
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    async with opened(chromium) as context:
        yield context


def page_of(hostile: str) -> str:
    """Hostile before anything else is on the page, and in its frames; one of them runs no scripts."""
    inner = (FRAMED + hostile).replace("&", "&amp;").replace('"', "&quot;")
    quiet = FRAMED.replace("nside", "nside quietly")
    frames = f'<iframe srcdoc="{inner}"></iframe><iframe sandbox=allow-same-origin srcdoc="{quiet}"></iframe>'
    return hostile + BODY + frames


async def signs_in(page: Page) -> None:
    assert await asked_for(page)
    form = await form_of(page, CREDENTIALS)
    assert form.username is not None
    assert form.password is not None
    assert form.submit is not None
    assert [await form.username.get_attribute("name"), await form.password.get_attribute("name")] == ["user", "secret"]
    assert await form.submit.inner_text() == "Sign in"
    assert (await codes_of(page)).fields == ()
    verdict = await verdict_of(page)
    assert (verdict.password, verdict.blank, verdict.said) == (True, True, "Wrong password")
    door = await entrance(page)
    assert door is not None
    assert await door.inner_text() in ("Log in", "Sign in")
    assert await way_in(page) == "http://shop.test/login"
    seen = await view_of(page)
    assert (seen.address, seen.asks) == ("/", True)
    assert {"Log in", "Sign in"} <= seen.names


async def snapshots(page: Page) -> None:
    shown = await look(page)
    assert shown.title == "A page"
    assert [heading.text for heading in shown.headings] == ["Shop"]
    submits = [form.submit for form in shown.forms]
    assert {"Sign in", "Send inside", "Send inside quietly"} <= set(submits)


async def hears(page: Page) -> None:
    assert "Only heard" in [offer.name for offer in (await offered(page)).offers]


async def looks(page: Page) -> None:
    looked = Look.model_validate(await read_page(page, SCRIPT, "look()"))
    assert looked.title == "A page"
    assert [heading.text for heading in looked.headings] == ["Shop"]


async def cleans(page: Page) -> None:
    body = crawl_script("semantics.js", "forms.js", "snapshot.js", "entries.js", "controls.js", "cleaning.js")
    assert Removers.model_validate(await read_page(page, body, "removers(given)", ["words"])).there


async def settles(page: Page) -> None:
    with pytest.MonkeyPatch.context() as patched:
        limits = limits_of_settling(patched)
        await settle(page, 60_000)
    assert [limit.expired() for limit in limits] == [False], "it came to rest, and was not merely given up"


async def carries(page: Page) -> None:
    await read_page(page, "", "localStorage.setItem('held', '1')")
    assert '"held":"1"' in await read_page(page, KEPT, "kept()")


async def scrolls(page: Page) -> None:
    await read_page(page, TO, "scroll(given)", "bottom")
    assert await read_page(page, "", "document.documentElement.scrollTop") > 100


async def takes_turns(page: Page) -> None:
    assert await read_page(page, "", ONE_TURN) is True


async def swallows(page: Page) -> None:
    assert await read_page(page, SWALLOW, "swallow(given)", [["click"], False])


async def empties(page: Page) -> None:
    assert await read_page(page, EMPTY, "empty()") >= 2


async def names(page: Page) -> None:
    assert await read_elements(page.locator("css=h1"), NAMES, "names(elements)") == ["Shop"]


async def tells_facts(page: Page) -> None:
    facts = await read_elements(page.locator("css=[name=user]"), FACTS, "factsOf(elements)")
    assert facts == {"tag": "input", "type": "text", "href": "", "in_form": True}


async def removes(page: Page) -> None:
    assert await read_elements(page.locator("css=h1"), REMOVE, "strike(elements)") == 1


async def reads_texts(page: Page) -> None:
    assert await texts_of(page.locator("css=h1")) == ["Shop"]


Reads = Callable[[Page], Awaitable[None]]
SCRIPTS: tuple[Reads, ...] = (
    settles,
    signs_in,
    snapshots,
    hears,
    looks,
    cleans,
    carries,
    scrolls,
    takes_turns,
    names,
    tells_facts,
    reads_texts,
    swallows,
    removes,
    empties,
)


# What reads elements that the driver found goes by the driver, which itself needs what the page has replaced.
DRIVEN = {"names", "tells_facts", "removes"}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
async def test_each_script_reads_each_hostile_page_or_says_what_the_page_did(
    context: BrowserContext, hostile: str
) -> None:
    page = await context.new_page()
    watch(page)
    await put(page, page_of(hostile))
    told: dict[str, str] = {}
    for script in SCRIPTS:
        try:
            await script(page)
        except PageResists as error:
            told[script.__name__] = error.message
    assert {name: said for name, said in told.items() if name not in DRIVEN} == {}
    assert all(one.startswith("The page cannot be read, for it has replaced") for one in told.values())


async def test_a_page_that_no_script_can_read_is_told_by_each_that_needs_what_it_took(context: BrowserContext) -> None:
    page = await context.new_page()
    watch(page)
    await put(page, page_of(UNREADABLE))
    told = {}
    for script in SCRIPTS:
        try:
            await script(page)
        except PageResists as error:
            told[script.__name__] = error.message
    assert {"signs_in", "snapshots", "hears", "looks"} <= set(told)
    sentence = "The page cannot be read, for it has replaced what scripts are written with: "
    assert [one for one in told.values() if not one.startswith(sentence) or "\n" in one] == []


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
async def test_vitals_are_measured_on_each_hostile_page(context: BrowserContext, hostile: str) -> None:
    vitals = await measure(context)
    page = await context.new_page()
    await put(page, page_of(hostile))
    [measured] = await vitals.pages([page])
    assert measured["path"] == "/"


async def test_a_variable_that_is_called_like_a_member_of_nodes_can_be_spread(context: BrowserContext) -> None:
    page = await context.new_page()
    assert await read_page(page, "const body = [1, 2];", "[...body, document.body.localName]") == [1, 2, "body"]
