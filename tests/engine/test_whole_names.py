"""Names match whole unless a part is asked for; of several the whole one is meant, and else nobody guesses."""

from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import pytest
import pytest_asyncio

from runs.engine.browser import Browser, watch
from runs.engine.generate.signature import signature
from runs.engine.plan import BrowserOptions, Site
from runs.engine.steps.base import Stage
from tests.engine.test_steps import do, failure, role

FORM = """<form><label>Name of your company <input id="company"></label><label>Name <input id="name"></label>
<label>E-mail (work)? * <input id="mail" placeholder="you@ (work)"></label><label>City: <input id="city"></label>
<label for="zip">Zip   code / "PLZ"</label><input id="zip"></form>
<button onclick="said.textContent = 'as'">Save as…</button><button onclick="said.textContent = 'saved'">Save</button>
<button>Twin</button><button>TWIN</button><button>Add mug</button><button>Add cup</button>
<p id="said"></p><p>Sum: 3</p><p>Sum: 3 pieces</p><img alt="A red mug" src="data:,"><span title="More of it">?</span>"""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    where = Site(base_url="http://site.test")
    context = await browser.context(BrowserOptions(), where)
    page = await context.new_page()
    seen = watch(page)
    await page.set_content(FORM)
    yield Stage(where, context.request, 5_000, opened=page, watching=seen)
    await context.close()


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ({"label": "name"}, "name"),
        ({"role": "textbox", "name": "NAME"}, "name"),
        ({"label": "Name", "exact": False}, "name"),
        ({"label": "company", "exact": False}, "company"),
        ({"label": "E-mail (work)?"}, "mail"),
        ({"role": "textbox", "name": "E-mail (work)? *"}, "mail"),
        ({"placeholder": "You@ (work)"}, "mail"),
        ({"label": "City"}, "city"),
        ({"label": 'zip code / "plz"'}, "zip"),
        ({"role": "textbox", "name": 'Zip code / "PLZ"', "exact": True}, "zip"),
    ],
)
async def test_a_field_is_filled_and_not_its_neighbour(stage: Stage, target: dict[str, Any], field: str) -> None:
    await do(stage, do="fill", target=target, value="x")
    filled = "() => [...document.querySelectorAll('input')].filter(one => one.value).map(one => one.id)"
    assert await stage.page.evaluate(filled) == [field]


async def test_a_button_is_pressed_and_not_its_neighbour(stage: Stage) -> None:
    for target in (role("save"), role("Save", exact=True), role("save", exact=False)):
        await do(stage, do="click", target=target)
        await do(stage, do="expect_text", target={"css": "#said"}, equals="saved")


async def test_a_part_of_a_name_is_not_found_unless_it_is_asked_for(stage: Stage) -> None:
    for target in (role("as"), {"label": "company"}, {"text": "Sum"}, {"alt": "mug"}, {"title": "More"}):
        await do(stage, do="expect_count", target=target, count=0)
    for target in (role("as"), {"text": "Sum: 3 p"}, {"alt": "mug"}, {"title": "More"}):
        await do(stage, do="expect_count", target={**target, "exact": False}, count=1)
    failed = await failure(stage, do="click", target=role("Save a"))
    assert failed.kind == "not_found"
    assert '"Save as…"' in failed.message


async def test_several_are_told_with_their_number_and_how_to_tell_them_apart(stage: Stage) -> None:
    for target, number in ((role("Twin"), 2), (role("Add", exact=False), 2)):
        failed = await failure(stage, do="click", target=target)
        assert failed.kind == "not_found"
        assert f"There are {number} elements that match" in failed.message
        assert "Say which one by within (what it is in) or nth (its number)" in failed.message
    await do(stage, do="click", target=role("Twin", nth=0))
    await do(stage, do="click", target=role("TWIN", exact=True))


async def test_texts_match_whole(stage: Stage) -> None:
    await do(stage, do="expect_count", target={"text": "sum: 3"}, count=1)
    await do(stage, do="expect_count", target={"text": "sum: 3", "exact": False}, count=2)


STEPS: list[dict[str, Any]] = [
    {"do": "fill", "target": {"label": "Name", "within": {"role": "form", "name": "Account"}}, "value": "x"},
    {"do": "click", "target": {"role": "button", "name": "Save", "exact": True}},
    {"do": "request", "method": "POST", "path": "/", "json": {"name": "x", "target": {"name": "y"}}},
    {"do": "expect_visible", "target": {"role": "status"}},
]


async def test_stored_tests_keep_what_they_mean_and_what_they_are_known_by() -> None:
    say = import_module("runs.migrations.0023_parts_of_names").said
    said = [say(step) for step in STEPS]
    within = {"role": "form", "name": "Account", "exact": False}
    assert said[0]["target"] == {"label": "Name", "exact": False, "within": within}
    assert said[1:] == STEPS[1:]
    assert signature({"steps": said}) == signature({"steps": STEPS})
