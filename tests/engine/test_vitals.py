import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.browser.vitals import MeasuredVitals
from runs.engine.plan import ShardPlan
from tests.engine.executing import attempts, planned, played, see, work
from tests.engine.pages import Answer, Answers, Asked, pages

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLOW_SECONDS = 0.4
# A picture with fewer than 0.05 bits a pixel counts as background and is no largest paint.
PICTURE = f"""<svg xmlns="http://www.w3.org/2000/svg" width="600" height="400"><!--
  {"much to see " * 400} --><rect width="600" height="400"/></svg>"""
SHIFTS = """<div id=a></div><h1>Ready</h1><p style="height:400px;background:#aaa">x</p><p id=end></p>
  <script>setTimeout(() => { a.style.height = '300px' }, 300); setTimeout(() => { end.textContent = 'shifted' }, 700)
  </script>"""
SLOW_HANDLER = """<h1>Ready</h1><button>Count</button><output></output><script>
  document.querySelector('button').onclick = () => { const until = performance.now() + 350;
    while (performance.now() < until); document.querySelector('output').textContent = 'counted' }</script>"""
ROUTES = """<h1>Ready</h1><button>Next</button><script>document.querySelector('button').onclick = () => {
  history.pushState({}, '', '/second'); document.querySelector('h1').textContent = 'Second' }</script>"""


def late(answer: str | Answer) -> Any:
    def wait(asked: Asked) -> str | Answer:
        time.sleep(SLOW_SECONDS)
        return answer

    return wait


ANSWERS: Answers = {
    "/": "<h1>Ready</h1><a href='/plain'>On</a>",
    "/plain": "<h1>Plain</h1>",
    "/picture": "<h1>Ready</h1><img src='/picture.svg' width=600 height=400>",
    "/picture.svg": late(Answer(PICTURE, type="image/svg+xml")),
    "/shifts": SHIFTS,
    "/handler": SLOW_HANDLER,
    "/late": late("<h1>Ready</h1>"),
    "/routes": ROUTES,
    "/window": "<h1>Ready</h1><a href='/plain' target=_blank>Open</a>",
    "/api": Answer("{}", type="application/json"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


async def measured(browser: Browser, tmp_path: Path, start: str, *steps: dict[str, Any]) -> list[dict[str, Any]]:
    """The pages of a passing test that begins at `start`."""
    with pages(ANSWERS) as site:
        plan = planned(site, tmp_path).model_copy(update={"vitals": True})
        (ended,) = attempts(await played(browser, plan, work(see("Ready"), *steps, more={"start": start})))
    assert ended.passed, ended.failure
    return list(ended.vitals)


def pressing(name: str) -> dict[str, Any]:
    return {"do": "click", "target": {"role": "button", "name": name}}


async def test_a_slow_picture_is_the_largest_paint(browser: Browser, tmp_path: Path) -> None:
    loaded = {"do": "expect_no_failed_requests"}
    (page,) = await measured(browser, tmp_path, "/picture", loaded)
    assert page["path"] == "/picture"
    assert SLOW_SECONDS * 1000 <= page["lcp"] < 20_000
    assert page["ttfb"] < page["lcp"]
    assert (page["cls"], page["inp"]) == (0, None)


async def test_what_moves_by_itself_shifts_the_layout(browser: Browser, tmp_path: Path) -> None:
    shifted = {"do": "expect_visible", "target": {"text": "shifted"}}
    (page,) = await measured(browser, tmp_path, "/shifts", shifted)
    assert 0.1 < page["cls"] < 1


async def test_a_slow_handler_delays_the_next_paint(browser: Browser, tmp_path: Path) -> None:
    counted = {"do": "expect_visible", "target": {"text": "counted"}}
    (page,) = await measured(browser, tmp_path, "/handler", pressing("Count"), counted)
    assert 350 <= page["inp"] < 20_000
    (quick,) = await measured(browser, tmp_path, "/routes", pressing("Next"), see("Second"))
    assert quick["inp"] < page["inp"]


async def test_a_slow_answer_is_a_late_first_byte(browser: Browser, tmp_path: Path) -> None:
    (page,) = await measured(browser, tmp_path, "/late")
    assert SLOW_SECONDS * 1000 <= page["ttfb"] <= page["lcp"]


async def test_each_page_has_its_entry_in_order_and_a_change_of_route_has_none(
    browser: Browser, tmp_path: Path
) -> None:
    follow = {"do": "click", "target": {"role": "link", "name": "On"}}
    there = await measured(browser, tmp_path, "/", follow, see("Plain"), {"do": "goto", "path": "/"}, see("Ready"))
    assert [page["path"] for page in there] == ["/", "/plain", "/"]
    assert all(page["lcp"] > 0 and page["ttfb"] >= 0 for page in there)
    routed = await measured(browser, tmp_path, "/routes", pressing("Next"), see("Second"))
    assert [page["path"] for page in routed] == ["/routes"]


async def test_windows_that_a_page_opens_are_measured(browser: Browser, tmp_path: Path) -> None:
    opening = {"do": "click", "target": {"role": "link", "name": "Open"}}
    there = await measured(browser, tmp_path, "/window", opening, see("Ready"))
    assert {page["path"] for page in there} >= {"/window"}


async def test_nothing_is_measured_unless_it_is_wanted_nor_without_a_page(browser: Browser, tmp_path: Path) -> None:
    with pages(ANSWERS) as site:
        plan: ShardPlan = planned(site, tmp_path)
        api = work({"do": "request", "path": "/api"}, more={"kind": "api"})
        (plain,) = attempts(await played(browser, plan, work(see("Ready"))))
        (asked,) = attempts(await played(browser, plan.model_copy(update={"vitals": True}), api))
    assert (plain.vitals, asked.vitals) == ((), ())


async def test_the_page_finds_nothing_of_it(browser: Browser, tmp_path: Path) -> None:
    own = "<h1>Ready</h1><script>if (typeof sentriVitals == 'undefined') document.write('<p>alone</p>')</script>"
    ANSWERS["/alone"] = own
    await measured(browser, tmp_path, "/alone", {"do": "expect_visible", "target": {"text": "alone"}})


@pytest.mark.parametrize(
    "told",
    [None, "", "{", "[]", "7", '{"key": "a", "path": "/", "cls": 0}', '{"key": 1, "path": 1, "lcp": "x"}', {"key": 1}],
)
async def test_what_no_script_of_ours_would_say_is_not_kept(told: Any) -> None:
    vitals = MeasuredVitals()
    vitals.note(None, told)
    vitals.note(None, '{"key": "a", "path": "/", "lcp": -1, "cls": 0, "inp": null, "ttfb": 1}')
    vitals.note(None, '{"key": "a", "path": "/", "lcp": 1, "cls": NaN, "inp": null, "ttfb": 1}')
    assert await vitals.pages([]) == ()
