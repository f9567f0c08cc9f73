"""States without addresses: reached, told apart, and nothing touched that must not be."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.crawl import crawl
from runs.engine.events import Cleaned, Event, PageFailed, PageVisited
from runs.engine.plan import CrawlOptions, CrawlPlan, PageWork, Site
from tests.engine.crawl.frontier_rows import Rows, crawl_all
from tests.engine.crawl.stateful_site import stateful_site
from tests.site.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
TRUTH: dict[str, Any] = json.loads(Path("tests/site/truth.json").read_text(encoding="utf-8"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser() as one:
        yield one


def plan_of(base_url: str, **options: Any) -> CrawlPlan:
    wanted = {
        "mode": "states",
        "parallel": 4,
        "max_states": 60,
        "max_actions": 20,
        "action_timeout_ms": 1500,
        **options,
    }
    return CrawlPlan(site=Site(base_url=base_url), options=CrawlOptions.model_validate({"max_depth": 2, **wanted}))


async def explored(browser: Browser, base: str, path: str, **options: Any) -> Rows:
    """What one page and its first states show."""
    wanted = {"include": (f"^/{path}$",) if path else ("^/$",), **options}
    return await crawl_all(browser, plan_of(f"{base}{path}", respect_robots=False, **wanted))


async def test_what_has_no_address_is_found_by_what_is_pressed(browser: Browser) -> None:
    with stateful_site() as (base, _):
        rows = await explored(browser, base, "", max_depth=1)
    shown = {action: {heading.text for heading in page.headings} for action, page in rows.states.items()}
    assert "What is it?" in shown["Press “Ask”"]
    assert "Carded" in shown["Press “Card without a role”"]
    assert "Pointed" in shown["Press “Only a pointer”"]
    assert "Inside" in shown["Press “Go inside”"]
    assert "Coloured" in shown["Use “Colour”"]
    assert "Shaded" in shown["Press “In the shadow”"]
    [chosen] = [row.path[0]["target"] for row in rows.rows.values() if row.action == "Use “Colour”"]
    assert chosen == {"role": "combobox", "name": "Colour", "exact": True}
    assert "Press “Within the frame”" in shown
    menu = next(page for action, page in rows.states.items() if action.startswith("Point at"))
    assert "Ruler" in {action.name for action in menu.actions}
    assert urlsplit(rows.states["Press “Go inside”"].url).path == "/inside"


async def test_behind_an_open_dialog_nothing_is_tried(browser: Browser) -> None:
    with stateful_site() as (base, _):
        ask = {"do": "click", "target": {"role": "button", "name": "Ask"}}
        work = PageWork(page=1, url=base, depth=1, path=(ask,), action="Press “Ask”")
        [event] = await visit_only(browser, plan_of(base, respect_robots=False), work)
    assert isinstance(event, PageVisited)
    assert [link.action for link in event.links if link.path] == ["Press “Never mind”"]


async def test_more_is_loaded_and_scrolled_to_but_not_without_end(browser: Browser) -> None:
    with stateful_site() as (base, _):
        rows = await explored(browser, base, "feed", max_depth=4)
    assert "The end" in {heading.text for heading in rows.states["Scroll to the bottom of the page"].headings}
    assert [row.action for row in rows.rows.values() if row.action == "Press “Load more”"] == ["Press “Load more”"] * 2


async def test_a_form_with_a_list_that_no_click_opens_is_filled(browser: Browser) -> None:
    with stateful_site() as (base, _):
        rows = await explored(browser, base, "teams", max_depth=1)
    assert "In Red" in {heading.text for heading in rows.states["Fill and send “Teams”"].headings}


async def test_what_a_page_sends_by_itself_puts_nothing_in_so_links_shown_after_it_are_not_pressed(
    browser: Browser,
) -> None:
    with stateful_site() as (base, _):
        rows = await explored(browser, base, "asks", include=("^/asks$", "^/feed$"))
    tried = {row.action for row in rows.rows.values()}
    assert {f"Press “{name}”" for name in ("Look again", "Keep it", "List", "Store")} <= tried
    assert {action for action in tried if action.startswith("Follow")} == {"Follow “Kept”", "Follow “Stored”"}


async def test_by_default_nothing_is_pressed_that_destroys_and_no_trap_holds_the_crawl(browser: Browser) -> None:
    with stateful_site() as (base, received):
        rows = await explored(browser, base, "traps", max_depth=1)
    assert not [line for line in received.sent if "/danger/" in line]
    tried = {row.action: row.status for row in rows.rows.values() if row.path}
    assert {"Press “Tidy up”"} & set(tried) == set(), "what asks for confirmation by its own script is left alone"
    for name in ("Shout", "Pop up", "Fetch the file", "Never rest", "Cling", "Ask the graph", "Change the graph"):
        assert tried[f"Press “{name}”"] == "done"
    assert tried["Press “Leave”"] == "skipped"
    assert sorted(received.sent) == ["POST /graphql mutation", "POST /graphql query"]
    assert [(urlsplit(one.url).path, one.because) for one in rows.wrote] == [("/graphql", "Press “Change the graph”")]


async def test_what_is_allowed_is_pressed_and_what_is_denied_is_not(browser: Browser) -> None:
    with stateful_site() as (base, received):
        options = {"allow_actions": ("^Delete everything$",), "deny_actions": ("graph", "Shout")}
        rows = await explored(browser, base, "traps", max_depth=1, **options)
    assert received.sent == ["POST /danger/named"]
    assert not [row for row in rows.rows.values() if "graph" in row.action or "Shout" in row.action]


async def test_read_only_sends_nothing_that_could_change_something_and_says_what_was_held_back(
    browser: Browser,
) -> None:
    with stateful_site() as (base, received):
        options = {"read_only": True, "allow_destructive": True}
        rows = await explored(browser, base, "traps", max_depth=1, **options)
        more = await explored(browser, base, "notes", max_depth=1, read_only=True)
    assert received.sent == ["POST /graphql query"]
    assert len(rows.wrote) >= 5
    assert all(one.held_back and one.status is None for one in rows.wrote)
    assert more.wrote == []


async def test_what_a_form_created_is_removed_again_and_nothing_else(browser: Browser) -> None:
    with stateful_site() as (base, received):
        rows = await explored(browser, base, "notes", max_depth=1)
    assert received.notes == {1: "Somebody's own"}
    assert received.made
    assert all(re.fullmatch(r"Sentri \d{6}", title) for title in received.made)
    assert [event.because for event in rows.cleaned] == ["Fill and send “New note”"] * len(received.made)
    assert {one.because for one in rows.wrote} == {
        "Fill and send “New note”",
        "Remove again what came of “Fill and send “New note””",
    }


async def test_what_a_form_created_is_removed_where_the_way_on_from_it_fails(browser: Browser) -> None:
    path: tuple[dict[str, Any], ...] = (
        {"do": "fill", "target": {"label": "Title"}, "value": "Sentri {{random.digits(6)}}"},
        {"do": "click", "target": {"role": "button", "name": "Add", "exact": True}},
        {"do": "click", "target": {"role": "button", "name": "No such button"}},
    )
    with stateful_site() as (base, received):
        work = PageWork(page=1, url=f"{base}notes", depth=3, path=path, action="Press “No such button”")
        events = await visit_only(browser, plan_of(base, respect_robots=False), work)
    assert len(received.made) == 1
    assert received.notes == {1: "Somebody's own"}
    assert [event.category for event in events if isinstance(event, PageFailed)] == ["unstable"]
    assert [event.page for event in events if isinstance(event, Cleaned)] == [1]


async def test_without_cleaning_up_what_was_created_stays(browser: Browser) -> None:
    with stateful_site() as (base, received):
        await explored(browser, base, "notes", max_depth=1, clean_up=False)
    assert len(received.notes) == 1 + len(received.made)


async def visit_only(browser: Browser, plan: CrawlPlan, *works: PageWork) -> list[Event]:
    left = list(works)

    async def pull() -> PageWork | None:
        return left.pop(0) if left else None

    return [event async for event in crawl(browser, plan, pull, first=False)]


async def test_a_state_that_waits_for_its_turn_is_not_late(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.engine.crawl.slot.GRACE_SECONDS", 0)
    monkeypatch.setattr("runs.engine.crawl.slot.CLEANING_SECONDS", 0)
    slow = {"requests_per_second": 0.2, "page_timeout_ms": 1500, "respect_robots": False}
    with stateful_site() as (base, _):
        ask = {"do": "click", "target": {"role": "button", "name": "Ask"}}
        work = PageWork(page=1, url=base, depth=1, path=(ask,), action="Press “Ask”")
        [event] = await visit_only(browser, plan_of(base, **slow), work)
    assert isinstance(event, PageVisited)


async def test_a_way_that_cannot_be_gone_again_is_unstable_and_says_where(browser: Browser) -> None:
    with stateful_site() as (base, _):
        ask = {"do": "click", "target": {"role": "button", "name": "Ask"}}
        gone = {"do": "click", "target": {"role": "button", "name": "No such button"}}
        work = PageWork(page=1, url=base, depth=2, path=(ask, gone), action="Press “No such button”")
        [event] = await visit_only(browser, plan_of(base, respect_robots=False), work)
    assert isinstance(event, PageFailed)
    assert (event.category, event.step) == ("unstable", 1)
    assert "No such button" in event.message


async def test_a_test_for_robots_is_no_page(browser: Browser) -> None:
    with stateful_site() as (base, _):
        plan = plan_of(base, mode="links", respect_robots=False)
        [event] = await visit_only(browser, plan, PageWork(page=1, url=f"{base}gate", depth=0))
    assert isinstance(event, PageFailed)
    assert (event.category, event.status) == ("challenge", 403)


async def test_following_links_tries_nothing(browser: Browser) -> None:
    with stateful_site() as (base, received):
        plan = plan_of(base, mode="links", respect_robots=False)
        rows = await crawl_all(browser, plan)
        [event] = await visit_only(browser, plan, PageWork(page=1, url=f"{base}traps", depth=0))
    assert not received.sent
    assert not rows.states
    assert isinstance(event, PageVisited)
    assert {link.kind for link in event.links} <= {"link"}


async def test_what_the_demo_shop_shows_only_to_those_who_fill_its_forms_is_reached(browser: Browser) -> None:
    with serve() as base:
        few = ("^/contact", "^/products/blue-mug$", "^/cart", "^/checkout")
        options = {"max_depth": 6, "max_actions": 6, "action_timeout_ms": 5000, "include": few}
        rows = await crawl_all(browser, plan_of(f"{base}/products/blue-mug", **options))
        async with httpx.AsyncClient() as client:
            touched = (await client.get(f"{base}/__touched__")).json()
    reached = {urlsplit(page.url).path for page in rows.states.values()}
    wanted = {
        one["name"]: one["pattern"] for one in TRUTH["templates"] if {"cart", "contact"} & set(one.get("needs", ()))
    }
    assert {name for name, pattern in wanted.items() if any(re.search(pattern, path) for path in reached)} == set(
        wanted
    )
    forms = {urlsplit(form.action).path for page in rows.states.values() for form in page.forms}
    assert {"/cart/update", "/cart/remove", "/checkout", "/checkout/payment"} <= forms
    assert not any(touched.values())
