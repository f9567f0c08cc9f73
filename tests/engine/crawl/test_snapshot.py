from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, async_playwright

from runs.engine.crawl.snapshot import ShownPage, look
from runs.engine.events import Form
from tests.site.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium(browser_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(chromium: Browser) -> AsyncIterator[Page]:
    page = await chromium.new_page()
    yield page
    await page.close()


async def shown(page: Page, body: str) -> ShownPage:
    await put(page, body)
    return await look(page)


async def put(page: Page, body: str) -> None:
    """The page at http://shop.test/ shows this body; nothing leaves the machine."""
    document = f"<!doctype html><html lang=en><head><title>A page</title></head><body>{body}</body></html>"

    async def answer(route: Route) -> None:
        await route.fulfill(body=document, content_type="text/html; charset=utf-8")

    await page.unroute_all()
    await page.route("**/*", answer)
    await page.goto("http://shop.test/")


async def form_of(page: Page, body: str) -> Form:
    [form] = (await shown(page, body)).forms
    return form


async def unfound(page: Page, what: ShownPage) -> list[str]:
    """What the snapshot names and Playwright does not find by role and name, or the path leads elsewhere."""
    wanted = [
        *(page.get_by_role(role(one.role), name=one.name) for one in what.actions if one.name and not one.frame),
        *(page.get_by_role("heading", name=one.text, level=one.level) for one in what.headings),
        *(page.get_by_role(role(one.role), name=one.name or None) for one in what.landmarks),
    ]
    paths = [page.locator(action.css) for action in what.actions if not action.frame]
    missing = [str(locator) for locator in wanted if not await locator.count()]
    return missing + [str(locator) for locator in paths if await locator.count() != 1]


def role(name: str) -> Any:
    return name


NAMES = """
<header><a href="/"><img src="x" alt="Shop logo"></a></header>
<nav aria-labelledby="nav-title"><h2 id="nav-title">Sections</h2>
  <ul><li><a href="/a">Books <span aria-hidden="true">→</span></a></li>
  <li><a href="/b" aria-label="Your cart, 3 items">3</a></li>
  <li><a href="/c"><div>Two</div><div>lines</div></a></li>
  <li><a href="/d" title="Only a title"><svg></svg></a></li></ul></nav>
<main><h1>Main <em>heading</em></h1><div role="heading" aria-level="4">Odd&nbsp;heading</div>
  <section aria-label="Offers"><h2>Offers<br>today</h2><header>no banner</header></section>
  <section><h3 style="display:none">Hidden</h3></section>
  <button>Add   to
  basket</button> <button aria-label="Close">x</button> <button disabled>Disabled</button>
  <input type="submit" value="Send it"> <input type="reset"> <input type="image" alt="Go" src="x" width=9 height=9>
  <span id="one">Save</span><button aria-labelledby="one two">x</button><span id="two">all</span>
  <div role="tablist"><div role="tab" tabindex="0">Details</div><button role="tab">Reviews</button></div>
  <div role="menu"><a role="menuitem" href="/x">Open</a></div> <button role="switch" aria-checked="false">Dark</button>
  <button><style>.x{}</style><span style="visibility:hidden">no</span><span>yes</span></button>
  <a href="/long">{long}</a> <a>not a link</a> <a href="/price">Price: <b>12</b>.<b>50</b></a>
  <label>Quantity <button>less</button></label> <button><slot>Slot</slot></button></main>
<aside title="Related"><a href="/e">More…</a></aside>
<form role="search"><input name="q"><button>Find</button></form>
<form aria-label="News"><input type=email><button>Join</button></form>
<footer>Foot <a href="/f">Imprint</a></footer>
""".replace("{long}", "very long text " * 30)


async def test_names_are_those_that_playwright_finds(page: Page) -> None:
    found = await shown(page, NAMES)
    assert await unfound(page, found) == []
    named = {(action.role, action.name) for action in found.actions}
    assert {
        ("link", "Shop logo"),
        ("link", "Books"),
        ("link", "Your cart, 3 items"),
        ("link", "Two lines"),
        ("link", "Only a title"),
        ("button", "Add to basket"),
        ("button", "Close"),
        ("button", "Send it"),
        ("button", "Reset"),
        ("button", "Go"),
        ("button", "Save all"),
        ("button", "yes"),
        ("tab", "Details"),
        ("tab", "Reviews"),
        ("menuitem", "Open"),
        ("switch", "Dark"),
        ("link", "Price: 12.50"),
    } <= named
    assert "Disabled" not in {name for _, name in named}
    assert [(heading.level, heading.text) for heading in found.headings] == [
        (2, "Sections"),
        (1, "Main heading"),
        (4, "Odd heading"),
        (2, "Offers today"),
    ]
    assert {(landmark.role, landmark.name) for landmark in found.landmarks} == {
        ("banner", ""),
        ("navigation", "Sections"),
        ("main", ""),
        ("region", "Offers"),
        ("complementary", "Related"),
        ("search", ""),
        ("form", "News"),
        ("contentinfo", ""),
    }
    assert {action.name: action.landmark for action in found.actions}["Books"] == "navigation"


async def test_every_page_of_the_demo_shop_is_named_as_playwright_names_it(page: Page) -> None:
    with serve() as base:
        for path in (
            "/",
            "/products",
            "/products/blue-mug",
            "/sign-in",
            "/contact",
            "/stock",
            "/calendar",
            "/cart",
            "/about",
        ):
            await page.goto(base + path, wait_until="networkidle")
            found = await look(page)
            assert await unfound(page, found) == [], path
            assert found.landmarks, path
            assert found.actions, path


async def test_a_form_is_a_unit_with_all_that_is_needed_to_fill_it(page: Page) -> None:
    form = await form_of(
        page,
        """<h2>Your address</h2><p>text</p>
        <form action="/save?x=1" method="POST" name="ignored"><input type=hidden name=csrf value=1>
          <label for=n>Full name</label> <input id=n name=name required maxlength=40 autocomplete=name value=Jane>
          <label>Mail <input type=email name=mail placeholder="you@example.com" pattern=".+@.+"></label>
          <input type=number name=age min=18 max=99 aria-label="Age"><input type=password name=p value=secret>
          <select name=country><option value="">Choose</option><option value=fr selected>France</option></select>
          <fieldset><legend>Delivery</legend><label><input type=radio name=d value=s required> Slow</label>
            <label><input type=radio name=d value=f checked> Fast</label></fieldset>
          <label><input type=checkbox name=terms> I agree</label> <textarea name=note style="display:none"></textarea>
          <input name=action> <button type=button>Help</button> <button>Save address</button></form>""",
    )
    assert (form.method, form.action, form.heading) == ("post", "http://shop.test/save?x=1", "Your address")
    assert (form.submit, form.submit_css) == ("Save address", "form[name=ignored] > button:nth-of-type(2)")
    fields = {field.name: field for field in form.fields}
    assert list(fields) == ["name", "mail", "age", "p", "country", "d", "terms", "action"]
    assert (fields["name"].label, fields["name"].required, fields["name"].max_length) == ("Full name", True, 40)
    assert (fields["name"].autocomplete, fields["name"].value, fields["name"].css) == ("name", "Jane", "#n")
    assert (fields["mail"].label, fields["mail"].type, fields["mail"].pattern) == ("Mail", "email", ".+@.+")
    assert (fields["age"].label, fields["age"].min, fields["age"].max) == ("Age", "18", "99")
    assert fields["p"].value == "", "passwords stay where they are"
    assert (fields["country"].type, fields["country"].options, fields["country"].value) == (
        "select",
        ("Choose", "France"),
        "France",
    )
    assert (fields["d"].type, fields["d"].label, fields["d"].options) == ("radio", "Delivery", ("Slow", "Fast"))
    assert (fields["d"].required, fields["d"].value) == (True, "Fast")
    assert (fields["terms"].type, fields["terms"].label) == ("checkbox", "I agree")
    for field in form.fields:
        assert await page.locator(field.css).count() == 1, field


async def test_a_form_is_placed_under_its_nearest_heading(page: Page) -> None:
    form = await form_of(
        page, "<h1>Shop</h1><div><h2>Newsletter</h2></div><div><form><input name=a><button>Go</button></form></div>"
    )
    assert form.heading == "Newsletter"


async def test_fields_without_a_form_are_a_unit_with_their_button(page: Page) -> None:
    form = await form_of(page, "<div id=box><label>Name <input id=name></label><div><button>Send</button></div></div>")
    assert (form.css, form.submit, form.action) == ("#box", "Send", "")
    assert [field.label for field in form.fields] == ["Name"]


async def test_what_opens_a_list_to_choose_from_is_a_field_by_whatever_it_is_made(page: Page) -> None:
    form = await form_of(
        page,
        """<form><label for=team>Team</label><button type=button id=team>Choose a team</button>
          <div role=combobox tabindex=0 aria-label=Colour aria-required=true>Red</div>
          <button type=button aria-haspopup=listbox aria-label=Size>Select…</button><button>Save</button>
          <select aria-hidden=true tabindex=-1><option>S</option></select></form>""",
    )
    fields = [(field.type, field.label, field.value, field.required) for field in form.fields]
    assert sorted(fields) == [
        ("choice", "Colour", "Red", True),
        ("choice", "Size", "Select…", False),
        ("choice", "Team", "Choose a team", False),
    ]
    assert form.submit == "Save"


async def test_a_switch_with_a_label_is_no_choice(page: Page) -> None:
    body = (
        "<label for=on>On</label><button type=button role=switch id=on aria-checked=false></button><button>Go</button>"
    )
    assert (await shown(page, f"<div>{body}</div>")).forms == ()


async def test_the_button_of_a_dialogs_form_may_stand_below_it(page: Page) -> None:
    dialog = """<div role=dialog aria-label="New limit"><button>✕</button><form><div class=row><div>
      <label for=nowhere>Name</label></div><div><input></div></div><button type=button>Format</button></form>
      <div><button type=button>&times; Close</button><button type=button>Create</button></div></div>"""
    form = await form_of(page, dialog)
    assert (form.submit, await page.locator(form.submit_css).inner_text()) == ("Create", "Create")
    assert [(field.label, field.caption) for field in form.fields] == [("", "Name")]
    saving = await form_of(page, dialog.replace(">Create<", ">Save and close<"))
    assert saving.submit == "Save and close"
    [lone] = (await shown(page, "<form><input></form><button type=button>Create</button>")).forms
    assert lone.submit_css == "", "outside of a dialog it could be anything's"


async def test_hidden_things_are_left_out_but_hidden_links_are_followed(page: Page) -> None:
    found = await shown(
        page,
        """<div style="display:none"><h2>No</h2><button>No</button><form><input><button>No</button></form>
        <a href="/a">A</a></div><details><summary>More</summary><a href="/b">B</a></details>
        <div aria-hidden=true><button>No</button></div>
        <a href="/c" download>C</a><a href="/d" data-method="delete">D</a>
        <a href="/e" onclick="return confirm('?')">E</a>""",
    )
    assert [action.name for action in found.actions] == ["C", "D", "E"]
    assert found.headings == ()
    assert [form for form in found.forms if form.fields] == []
    links = {link.text: (link.hidden, link.guarded) for link in found.links}
    assert links == {"A": (True, False), "B": (True, False), "D": (False, True), "E": (False, True)}


async def test_open_shadow_roots_and_frames_of_the_site_are_read(page: Page) -> None:
    await put(
        page,
        """<h1>Out</h1><my-card></my-card><iframe id=inner srcdoc="<h2>In</h2><a href='/in'>In</a><form><input name=x>
        <button>Send</button></form>"></iframe><script>
        customElements.define("my-card", class extends HTMLElement { connectedCallback() {
          this.attachShadow({mode: "open"}).innerHTML =
            "<h2>Card</h2><button id=buy>Buy</button><a href='/card'>Card</a>" +
            "<form><label>Code <input name=code></label><button>Redeem</button></form>"; } })</script>""",
    )
    await page.frame_locator("#inner").get_by_role("button").wait_for()
    found = await look(page)
    assert await unfound(page, found) == []
    assert [heading.text for heading in found.headings] == ["Out", "Card"]
    assert {(action.name, action.frame) for action in found.actions} == {
        ("Buy", ""),
        ("Card", ""),
        ("Redeem", ""),
        ("In", "#inner"),
        ("Send", "#inner"),
    }
    assert {(form.submit, form.frame) for form in found.forms} == {("Redeem", ""), ("Send", "#inner")}
    assert {link.text for link in found.links} == {"Card", "In"}


async def test_entries_of_one_list_have_one_place_and_two_lists_have_two(page: Page) -> None:
    card = "<div><h3><a href='/t/{0}'>{0}</a></h3><a href='/t/{0}/edit'>Edit</a></div>"
    found = await shown(
        page,
        "<div>" + "".join(card.format(name) for name in "abcdef") + "</div>"
        "<ul><li><a href=/one>1</a><li><a href=/two>2</a></ul><ul><li><a href=/three>3</a><li><a href=/four>4</a></ul>",
    )
    place = {link.href.rpartition("shop.test")[2]: link.place for link in found.links}
    assert place["/t/a"] == place["/t/f"] != place["/t/a/edit"] == place["/t/f/edit"]
    assert place["/one"] == place["/two"] != place["/three"] == place["/four"]


def catalogue(count: int, extra: str = "") -> str:
    card = "<li><h3>Thing</h3><p>text</p><div class=x><a href='/t'>Open</a><button>Buy</button></div></li>"
    return f"<nav><a href=/>Home</a></nav><main><h1>Things</h1><ul>{card * count}</ul></main>{extra}"


async def test_the_template_does_not_depend_on_how_many_there_are(page: Page) -> None:
    ten, many = await shown(page, catalogue(10)), await shown(page, catalogue(200))
    opened = await shown(page, catalogue(10, "<dialog open><h2>Sure?</h2><button>Yes</button></dialog>"))
    closed = await shown(page, catalogue(10, "<dialog><h2>Sure?</h2><button>Yes</button></dialog>"))
    assert ten.template == many.template == closed.template
    assert ten.template != opened.template


COUNTING = """() => { window.asked = 0;
const counted = real => function (...given) { window.asked++; return Reflect.apply(real, this, given); };
for (const {prototype} of [Node, Element, HTMLElement, Document, DocumentFragment, TreeWalker])
  for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor' || !member.configurable) continue;
    for (const part of ['value', 'get'])
      if (typeof member[part] === 'function') member[part] = counted(member[part]);
    Object.defineProperty(prototype, name, member);
  }
window.getComputedStyle = counted(window.getComputedStyle); }"""


async def test_reading_a_page_takes_work_in_proportion_to_its_elements(page: Page) -> None:
    async def work(products: int) -> int:
        """How often the document and its elements are asked for something."""
        await put(page, catalogue(products))
        await page.evaluate(COUNTING)
        found = await look(page)
        assert len(found.links) == products + 1
        asked: int = await page.evaluate("window.asked")
        return asked

    few, many = await work(49), await work(490)
    assert await page.evaluate("document.querySelectorAll('*').length") > 2900
    assert many < 20 * few, "ten times the elements; by their square it would be a hundred"
