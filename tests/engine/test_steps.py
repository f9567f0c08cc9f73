"""Steps on a real page: what passes, and the sentence of each way to fail."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from runs.engine.browser import Browser, watch
from runs.engine.plan import BrowserOptions, Site
from runs.engine.steps.base import Stage, StepFailed
from runs.engine.steps.document import parse
from runs.engine.steps.perform import perform
from tests.engine.pages import Answer, Answers, Asked, Pages, pages

HOME = """<title>Blue  shop</title><h1>Basket</h1><h2 hidden>Cart</h2>
<ul><li aria-label="Blue mug">Blue mug <button>Add</button></li>
    <li aria-label="Red mug">Red mug <button>Add</button></li></ul>
<form><label>E-mail <input name="mail" value="ali@example.com"></label>
  <input placeholder="Search here"><label><input type="checkbox"> I agree</label>
  <label>Country <select><option value="fr">France</option><option value="de">Germany</option></select></label>
  <button type="button" disabled>Pay</button></form>
<div role="alert"> Wrong   password, 3
  tries left</div><div role="alert"></div>
<div role="status"></div><img alt="A mug" src="data:,"><span title="Help">?</span><b data-testid="total">12 €</b>
<details><summary>More</summary><p>Hidden words</p></details>
<iframe title="Payment" srcdoc="<label>Card <input></label>"></iframe>
<div id="host"></div><a href="/next?page=2">Next</a>
<script>
  document.querySelector('#host').attachShadow({mode: 'open'}).innerHTML = '<button>Inside</button>';
  document.querySelectorAll('button').forEach(b => b.onclick = () =>
    setTimeout(() => document.querySelector('[role=status]').textContent = 'Added ' + b.parentNode.ariaLabel, 150));
</script>"""


def echo(asked: Asked) -> Answer:
    seen = {"method": asked.method, "path": asked.path, "body": asked.body.decode(), "mine": asked.headers.get("x-me")}
    return Answer(json.dumps({"asked": seen, "items": [{"id": 7, "name": "Blue mug"}]}), type="application/json")


ANSWERS: Answers = {
    "/": HOME,
    "/next": "<title>Next</title><h1>Next</h1>",
    "/broken": """<h1>Broken</h1><img src="/gone.png"><img src="http://169.254.169.254/x.png">
                  <script>console.error('no price')</script>""",
    "/late": "<h1>Late</h1><script>setTimeout(() => fetch('/gone').then(() => { throw Error('late') }), 50)</script>",
    "/api": echo,
    "/api/old": Answer("", 302, {"Location": "/api?moved=1"}),
    "/api/away": lambda asked: Answer("", 302, {"Location": f"http://localhost:{asked.headers['host'][-5:]}/api"}),
    "/api/none": Answer("Gone fishing", 503),
    "/loop": Answer("", 302, {"Location": "/loop"}),
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def site() -> Iterator[Pages]:
    with pages(ANSWERS) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def stage(browser: Browser, site: Pages) -> AsyncIterator[Stage]:
    where = Site(base_url=site.url)
    context = await browser.context(BrowserOptions(), where)
    page = await context.new_page()
    seen = watch(page)
    await page.goto(site.url)
    yield Stage(where, context.request, 5_000, opened=page, watching=seen)
    await context.close()


async def do(stage: Stage, timeout_ms: int = 5_000, **step: Any) -> None:
    await perform(parse({"title": "T", "steps": [step]}).steps[0], stage, timeout_ms)


async def failure(stage: Stage, timeout_ms: int = 300, **step: Any) -> StepFailed:
    with pytest.raises(StepFailed) as failed:
        await do(stage, timeout_ms, **step)
    assert "\n" not in failed.value.message
    return failed.value


def role(name: str, role: str = "button", **more: Any) -> dict[str, Any]:
    return {"role": role, "name": name, **more}


async def test_what_holds_passes(stage: Stage) -> None:
    for step in (
        {"do": "expect_visible", "target": role("Basket", "heading")},
        {"do": "expect_hidden", "target": {"text": "Cart"}},
        {"do": "expect_hidden", "target": {"css": ".nowhere"}},
        {"do": "expect_hidden", "target": {"text": "Hidden words"}},
        {"do": "expect_text", "target": {"role": "alert"}, "contains": "password, 3 tries"},
        {"do": "expect_text", "target": {"role": "alert"}, "equals": "Wrong password, 3 tries left"},
        {"do": "expect_text", "target": {"role": "alert"}, "matches": r"\d tries|nothing"},
        {"do": "expect_text", "target": {"test_id": "total"}, "equals": "12 €"},
        {"do": "expect_value", "target": {"label": "E-mail"}, "equals": "ali@example.com"},
        {"do": "expect_value", "target": {"label": "Country"}, "contains": "f"},
        {"do": "expect_title", "equals": "Blue shop"},
        {"do": "expect_url", "path": "/"},
        {"do": "expect_count", "target": {"role": "listitem"}, "count": 2},
        {"do": "expect_count", "target": {"role": "listitem"}, "at_least": 1, "at_most": 2},
        {"do": "expect_visible", "target": {"alt": "A mug"}},
        {"do": "expect_visible", "target": {"title": "Help"}},
        {"do": "expect_visible", "target": {"xpath": "//summary"}},
        {"do": "expect_visible", "target": role("Inside")},
        {"do": "expect_visible", "target": {"label": "Card", "frame": [{"title": "Payment"}]}},
        {"do": "expect_no_console_errors"},
        {"do": "expect_no_failed_requests"},
    ):
        await do(stage, **step)


async def test_a_click_and_what_it_brings(stage: Stage) -> None:
    await do(stage, do="click", target=role("Add", within=role("Red mug", "listitem")))
    await do(stage, do="expect_text", target={"role": "status"}, equals="Added Red mug")
    await do(stage, do="click", target=role("Add", nth=0))
    await do(stage, do="wait_for", target={"text": "Added Blue mug"})
    await do(stage, do="click", target=role("Next", "link"))
    await do(stage, do="expect_url", path="/next", query={"page": "2"})
    await do(stage, do="back")
    await do(stage, do="expect_title", contains="Blue")
    await do(stage, do="reload")
    await do(stage, do="goto", path="/next")
    await do(stage, do="wait_for", target={"text": "Basket"}, state="hidden")


async def test_fields_take_what_is_put_into_them(stage: Stage) -> None:
    await do(stage, do="fill", target={"placeholder": "Search here"}, value="mug")
    await do(stage, do="press", target={"placeholder": "Search here"}, key="Backspace")
    await do(stage, do="press", key="x")
    await do(stage, do="expect_value", target={"placeholder": "Search here"}, equals="mux")
    await do(stage, do="select", target={"label": "Country"}, value="Germany")
    await do(stage, do="expect_value", target={"label": "Country"}, equals="de")
    await do(stage, do="check", target={"label": "I agree"})
    assert await stage.page.get_by_label("I agree").is_checked()
    await do(stage, do="uncheck", target={"label": "I agree"})
    assert not await stage.page.get_by_label("I agree").is_checked()
    await do(stage, do="fill", target={"label": "Card", "frame": [{"title": "Payment"}]}, value="4242")
    await do(stage, do="save", name="card", target={"label": "Card", "frame": [{"title": "Payment"}]}, of="value")
    await do(stage, do="save", name="total", target={"test_id": "total"})
    await do(stage, do="save", name="where", target=role("Next", "link"), attribute="href")
    await do(stage, do="hover", target=role("Next", "link"))
    assert stage.saved == {"card": "4242", "total": "12 €", "where": "/next?page=2"}


@pytest.mark.parametrize(
    ("step", "kind", "sentence"),
    [
        (
            {"do": "expect_visible", "target": role("Checkout", "heading")},
            "expectation",
            'Expected to see heading "Checkout", but the page has no such element after 0.3 s (headings there: "Bask',
        ),
        (
            {"do": "expect_visible", "target": {"css": "h2"}},
            "expectation",
            "Expected to see element that matches h2, but it was still hidden after 0.3 s",
        ),
        (
            {"do": "expect_hidden", "target": role("Basket", "heading")},
            "expectation",
            'Expected not to see heading "Basket", but it was still there after 0.3 s',
        ),
        (
            {"do": "expect_text", "target": {"role": "heading"}, "contains": "basket"},
            "expectation",
            'Expected the heading to contain "basket", but after 0.3 s it says "Basket"',
        ),
        (
            {"do": "expect_text", "target": role("Gone", "link"), "contains": "x"},
            "not_found",
            'Expected the link "Gone" to contain "x", but the page has no such element after 0.3 s (links there: "Next',
        ),
        (
            {"do": "expect_value", "target": {"label": "E-mail"}, "equals": "bo@example.com"},
            "expectation",
            'Expected the field "E-mail" to be "bo@example.com", but after 0.3 s it holds "ali@example.com"',
        ),
        (
            {"do": "expect_title", "equals": "Red shop"},
            "expectation",
            'Expected the title to be "Red shop", but after 0.3 s it is "Blue shop"',
        ),
        (
            {"do": "expect_url", "path": "/cart", "query": {"step": "2"}},
            "expectation",
            "Expected the address to be /cart and have step=2, but after 0.3 s it is /",
        ),
        (
            {"do": "expect_count", "target": {"role": "listitem"}, "count": 3},
            "expectation",
            "Expected 3 of listitem, but after 0.3 s there are 2",
        ),
        (
            {"do": "expect_count", "target": {"role": "listitem"}, "at_least": 5},
            "expectation",
            "Expected at least 5 of listitem, but after 0.3 s there are 2",
        ),
        (
            {"do": "click", "target": role("Buy", within=role("Blue mug", "listitem"))},
            "not_found",
            'There is no button "Buy" in listitem "Blue mug" after 0.3 s (buttons there: "Add")',
        ),
        (
            {"do": "click", "target": role("Buy", within=role("Pink mug", "listitem"))},
            "not_found",
            'There is no button "Buy" in listitem "Pink mug" after 0.3 s (nor is there listitem "Pink mug")',
        ),
        (
            {"do": "fill", "target": {"label": "Phone"}, "value": "1"},
            "not_found",
            'There is no field "Phone" after 0.3 s (fields there: "E-mail", "Search here", "I agree",',
        ),
        (
            {"do": "click", "target": role("Pay")},
            "timeout",
            'The button "Pay" could not be used within 0.3 s: it is disabled',
        ),
        (
            {"do": "click", "target": {"css": "h2"}},
            "timeout",
            "The element that matches h2 could not be used within 0.3 s: it is hidden",
        ),
        (
            {"do": "click", "target": role("Add")},
            "not_found",
            'There are 2 elements that match button "Add", and the step needs one',
        ),
        (
            {"do": "fill", "target": role("Basket", "heading"), "value": "x"},
            "script",
            '“Fill the heading "Basket" with "x"” failed: it is not a field',
        ),
        (
            {"do": "select", "target": {"label": "Country"}, "value": "Spain"},
            "timeout",
            'The field "Country" could not be used within 0.3 s: it has no such option',
        ),
        ({"do": "goto", "path": "/loop"}, "navigation", "/loop could not be opened: the site redirects in a circle"),
        ({"do": "wait_for", "target": {"text": "Never"}}, "timeout", 'The text "Never" did not become visible'),
    ],
    ids=lambda value: value["do"] if isinstance(value, dict) else "",
)
async def test_what_does_not_hold_is_said_in_one_sentence(
    stage: Stage, step: dict[str, Any], kind: str, sentence: str
) -> None:
    failed = await failure(stage, timeout_ms=300 if step["do"] != "goto" else 5_000, **step)
    assert failed.message[: len(sentence)] == sentence
    assert failed.kind == kind


async def test_what_lies_over_a_button_is_no_mystery(stage: Stage) -> None:
    cover = "document.body.insertAdjacentHTML('beforeend', '<div style=\"position:fixed;inset:0\"></div>')"
    await stage.page.evaluate(cover)
    failed = await failure(stage, do="click", target=role("Next", "link"))
    assert failed.message == 'The link "Next" could not be used within 0.3 s: something else lies over it'


async def test_there_is_no_way_back_from_the_first_page(stage: Stage) -> None:
    await do(stage, do="back")
    assert (await failure(stage, do="back")).kind == "navigation"


async def test_a_site_that_does_not_answer_is_a_navigation_failure(stage: Stage) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        stage.site = Site(base_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        failed = await failure(stage, timeout_ms=5_000, do="goto", path="/")
    assert (failed.kind, failed.message[:23]) == ("navigation", "/ could not be opened: ")


async def test_errors_and_failed_requests_count_from_the_beginning_of_the_test(stage: Stage) -> None:
    await do(stage, do="goto", path="/broken")
    failed = await failure(stage, 5_000, do="expect_no_console_errors")
    assert failed.message == 'Expected no errors in the console, but there are 1: "no price"'
    await do(stage, do="expect_no_console_errors", ignore=["price"])
    failed = await failure(stage, 5_000, do="expect_no_failed_requests")
    assert failed.message.endswith("/gone.png → 404")
    await do(stage, do="expect_no_failed_requests", ignore=[r"gone\.png"])
    failed = await failure(stage, 5_000, do="expect_no_failed_requests", ignore=[r"gone\.png"], third_party=True)
    assert failed.message.endswith("169.254.169.254/x.png → 403")


async def test_requests_under_way_are_waited_for(stage: Stage) -> None:
    async with stage.page.expect_request("**/gone"):
        await do(stage, do="goto", path="/late")
    assert "late" in (await failure(stage, 5_000, do="expect_no_console_errors")).message


async def test_a_request_sends_what_is_given_and_keeps_what_is_asked_for(stage: Stage) -> None:
    await do(
        stage,
        do="request",
        method="POST",
        path="/api",
        query={"tag": ["a", "b"], "page": 2},
        headers={"X-Me": "ali"},
        json={"name": "Blue mug"},
        expect={
            "status": 200,
            "headers": {"Content-Type": "json"},
            "contains": "Blue mug",
            "max_ms": 5_000,
            "json": [
                {"path": "$.asked.method", "equals": "POST"},
                {"path": "$.asked.path", "equals": "/api?tag=a&tag=b&page=2"},
                {"path": "$.asked.body", "equals": '{"name": "Blue mug"}'},
                {"path": "$.asked.mine", "equals": "ali"},
                {"path": "$.items[*].name", "contains": "Blue mug"},
                {"path": "$.items", "length": 1},
                {"path": "$.items", "contains": {"id": 7}},
                {"path": "$.error", "exists": False},
            ],
        },
        save={"id": "$.items[0].id"},
    )
    assert stage.saved == {"id": 7}


async def test_forms_and_bodies_are_sent_as_such(stage: Stage) -> None:
    form = [{"path": "$.asked.body", "equals": "a=1&b=x+y"}]
    await do(stage, do="request", method="PUT", path="/api", form={"a": 1, "b": "x y"}, expect={"json": form})
    body = [{"path": "$.asked.body", "equals": "as it is"}]
    await do(stage, do="request", method="PATCH", path="/api", body="as it is", expect={"json": body})


async def test_redirects_are_followed_and_site_headers_stay_at_home(stage: Stage) -> None:
    stage.site = Site(base_url=stage.site.base_url, headers={"X-Me": "site"})
    at_home = [{"path": "$.asked.mine", "equals": "site"}, {"path": "$.asked.path", "equals": "/api?moved=1"}]
    await do(stage, do="request", path="/api/old", expect={"json": at_home})
    await do(stage, do="request", path="/api/old", follow=False, expect={"status": 302})
    away = [{"path": "$.asked.mine", "equals": None}]
    await do(stage, do="request", path="/api/away", expect={"json": away})


async def test_scrolling_reaches_the_end_of_the_page_and_elements_on_the_way(stage: Stage) -> None:
    await stage.page.evaluate("document.body.style.height = '9000px'; document.body.append('Bottom')")
    await do(stage, do="scroll", to="bottom")
    assert await stage.page.evaluate("scrollY > 5000")
    await do(stage, do="scroll", target=role("Basket", "heading"))
    assert await stage.page.evaluate("scrollY < 500")
    assert "There is no button" in (await failure(stage, do="scroll", target=role("Gone"))).message


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ({"path": "/api/none"}, 'Expected status below 400, but the answer was 503 ("Gone fishing")'),
        ({"path": "/api", "expect": {"status": [201, 204]}}, "Expected status 201 or 204, but the answer was 200"),
        ({"path": "/api", "expect": {"contains": "red"}}, 'Expected the answer to contain "red", but it is'),
        ({"path": "/api", "expect": {"headers": {"X-Rate": "1"}}}, 'Expected the header X-Rate to contain "1", but'),
        (
            {"path": "/api", "expect": {"json": [{"path": "$.items[0].id", "equals": 8}]}},
            "Expected $.items[0].id to be 8, but it is 7",
        ),
        (
            {"path": "/api", "expect": {"json": [{"path": "$.nope", "equals": 8}]}},
            "Expected $.nope in the answer, but there is no such place",
        ),
        (
            {"path": "/api", "expect": {"json": [{"path": "$.items", "length": 2}]}},
            "Expected $.items to have the length 2, but it is",
        ),
        ({"path": "/next", "save": {"a": "$.b"}}, 'Expected JSON, but the answer is "<title>Next'),
        ({"path": "/loop"}, "GET /loop was redirected more than 10 times"),
    ],
)
async def test_an_answer_that_does_not_fit_is_said_in_one_sentence(
    stage: Stage, step: dict[str, Any], sentence: str
) -> None:
    assert (await failure(stage, 5_000, do="request", **step)).message[: len(sentence)] == sentence
