"""What the browser's driver cannot do on a page is told as the page's doing, in runs, crawls and sign-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from runs.engine.browser import Browser, SignInFailed, sign_in
from runs.engine.plan import BrowserOptions, CrawlOptions, CrawlPlan, Credentials, Site
from runs.insight import NOT_OF_THE_TEST, category_of
from tests.engine.crawl.frontier_rows import crawl_all
from tests.engine.executing import attempts, planned, played, work
from tests.engine.pages import Pages, pages
from tests.insight.failures import failure

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
HIDES = "the page has a field or a picture called “getAttribute”, which hides the function of that name"
FORM = """<!doctype html><title>Order</title><h1>Order</h1>
<button type=button onclick="said.textContent = 'Told'">Tell</button><p id=said></p>
<form action=/go><input type=hidden name=getAttribute><label>Name <input name=who></label>
<label>Password <input type=password name=secret></label><button>Send</button></form><a href=/plain>Plain</a>"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as one:
        yield one


@pytest.fixture(scope="module")
def site() -> Iterator[Pages]:
    with pages({"/": FORM, "/plain": "<!doctype html><title>Plain</title><h1>Plain</h1>"}) as site:
        yield site


STEPS: list[dict[str, Any]] = [
    {"do": "click", "target": {"role": "button", "name": "Send"}},
    {"do": "fill", "target": {"label": "Name"}, "value": "Ada"},
    {"do": "click", "target": {"css": "form button"}},
    {"do": "expect_visible", "target": {"role": "heading", "name": "Order"}},
    {"do": "expect_hidden", "target": {"role": "heading", "name": "Order"}},
    {"do": "expect_text", "target": {"role": "heading"}, "contains": "Order"},
    {"do": "expect_text", "target": {"role": "heading"}, "matches": "Order"},
    {"do": "expect_count", "target": {"role": "heading"}, "at_least": 1},
    {"do": "wait_for", "target": {"role": "heading", "name": "Order"}},
    {"do": "scroll", "target": {"label": "Name"}},
]


async def test_a_step_on_a_form_that_hides_functions_is_told_as_the_pages_doing(
    browser: Browser, site: Pages, tmp_path: Path
) -> None:
    works = [work(step, result=number) for number, step in enumerate(STEPS)]
    ended = attempts(await played(browser, planned(site, tmp_path, timeout_ms=2_000, retries=0), *works))
    assert len(ended) == len(STEPS)
    told = [one.failure for one in ended if one.failure]
    assert [one.kind for one in told] == ["hidden"] * len(STEPS)
    assert [one.message for one in told if HIDES not in one.message or "\n" in one.message] == []
    categories = {category_of(failure(kind=one.kind, error=one.message)) for one in told}
    assert categories == {"page_hides"}
    assert categories <= NOT_OF_THE_TEST


async def test_a_crawl_reads_such_a_page_and_says_why_its_states_are_not_reached(browser: Browser, site: Pages) -> None:
    options = {"mode": "states", "max_states": 5, "max_actions": 3, "max_depth": 1, "respect_robots": False}
    plan = CrawlPlan(site=Site(base_url=site.url), options=CrawlOptions.model_validate(options))
    rows = await crawl_all(browser, plan)
    read = {row.snapshot.title: row.snapshot for row in rows.rows.values() if row.snapshot}
    assert {"Order", "Plain"} <= set(read)
    assert [form.submit for form in read["Order"].forms] == ["Send"]
    failed = [row.failure for row in rows.rows.values() if row.failure]
    assert failed
    assert {(one.category, HIDES in one.message) for one in failed} == {("not_a_page", True)}


async def test_a_sign_in_says_what_such_a_form_does(browser: Browser, site: Pages) -> None:
    account = Credentials(username="ada", password=SecretStr("open sesame"))
    with pytest.raises(SignInFailed, match="Signing in was interrupted: the page has a field") as told:
        await sign_in(browser, Site(base_url=site.url, credentials=account), BrowserOptions())
    assert "\n" not in str(told.value)
